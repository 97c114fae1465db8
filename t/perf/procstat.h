/* SPDX-License-Identifier: ISC */
/* What another process and the kernel's TCP have used so far. */
#ifndef PERF_PROCSTAT_H
#define PERF_PROCSTAT_H

#include <stdint.h>
#include <sys/types.h>

double proc_cpu_seconds(pid_t pid);	/* user and system, all threads; -1 when there is no such process */
uint64_t proc_peak_kib(pid_t pid);	/* most resident memory ever, VmHWM; 0 when unknown */
uint64_t tcp_memory_kib(void);		/* socket buffers of the whole machine now, /proc/net/sockstat */

#endif
