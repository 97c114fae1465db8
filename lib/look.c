/* SPDX-License-Identifier: ISC */
#include "look.h"

/* The assembler puts a file between a label and a NUL, so that it needs no quoting and can be read and checked as what it is. */
#define TEXT(name, file)						\
	__asm__(".pushsection .rodata\n"				\
		".globl " name "\n" name ":\n"				\
		".incbin \"" file "\"\n"				\
		".byte 0\n"						\
		".popsection\n")

TEXT("look_css", "lib/look.css");
TEXT("look_js", "lib/look.js");
