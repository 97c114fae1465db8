/* SPDX-License-Identifier: ISC */
/*
 * The one thing that has to be said to Python in C.
 */
#define Py_LIMITED_API 0x03090000
#include <Python.h>

#include "glue.h"

void
vpy_unraisable(uintptr_t exception, uintptr_t where)
{
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *object = (PyObject *)exception;

	PyErr_SetObject((PyObject *)Py_TYPE(object), object);
	PyErr_WriteUnraisable((PyObject *)where);
	PyGILState_Release(state);
}
