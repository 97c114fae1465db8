/* SPDX-License-Identifier: ISC */
/*
 * Quicksort with the median of three, insertion sort for short runs, and heapsort
 * when the depth shows that somebody chose the order.
 */
#include "vrp_sort.h"

static void
swap_vrps(struct vrp *a, struct vrp *b)
{
	struct vrp t = *a;

	*a = *b;
	*b = t;
}

static void
sift_down(struct vrp *v, size_t i, size_t n)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && vrp_cmp(&v[child], &v[child + 1]) < 0)
			child++;
		if (vrp_cmp(&v[i], &v[child]) >= 0)
			return;
		swap_vrps(&v[i], &v[child]);
	}
}

static void
heap_sort(struct vrp *v, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(v, i, n);
	for (size_t i = n; i-- > 1;) {
		swap_vrps(&v[0], &v[i]);
		sift_down(v, 0, i);
	}
}

static void
insertion_sort(struct vrp *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct vrp t = v[i];
		size_t k = i;

		for (; k > 0 && vrp_cmp(&t, &v[k - 1]) < 0; k--)
			v[k] = v[k - 1];
		v[k] = t;
	}
}

/* Splits v, n > 2, in two: the count of the left part, none of which is above any of the right. */
static size_t
partition(struct vrp *v, size_t n)
{
	struct vrp *mid = &v[n / 2], *last = &v[n - 1], pivot;
	size_t i = 0, k = n - 1;

	if (vrp_cmp(mid, &v[0]) < 0)
		swap_vrps(mid, &v[0]);
	if (vrp_cmp(last, mid) < 0) {
		swap_vrps(last, mid);
		if (vrp_cmp(mid, &v[0]) < 0)
			swap_vrps(mid, &v[0]);
	}
	pivot = *mid;
	for (;;) {
		while (vrp_cmp(&v[i], &pivot) < 0)
			i++;
		while (vrp_cmp(&pivot, &v[k]) < 0)
			k--;
		if (i >= k)
			return k + 1;
		swap_vrps(&v[i++], &v[k--]);
	}
}

/*
 * Validators write tables that are nearly in our order, where an insertion
 * sort is done in one pass.  False when that takes too many moves; v is then
 * a permutation of what it was.
 */
static bool
sort_nearly_sorted(struct vrp *v, size_t n)
{
	size_t moves = 4 * n;

	for (size_t i = 1; i < n; i++) {
		struct vrp t = v[i];
		size_t k = i;

		for (; k > 0 && vrp_cmp(&t, &v[k - 1]) < 0 && moves > 0; k--, moves--)
			v[k] = v[k - 1];
		if (k == i)
			continue;
		v[k] = t;
		if (moves == 0)
			return false;
	}
	return true;
}

static void
sort_any(struct vrp *v, size_t n)
{
	/* The longer part waits here, so that 64 places are enough for any n. */
	struct { struct vrp *v; size_t n; int depth; } todo[64];
	int top = 0, depth = 0;

	for (size_t i = n; i > 1; i /= 2)
		depth += 2;
	for (;;) {
		while (n > 24) {
			size_t left;

			if (depth-- == 0) {
				heap_sort(v, n);
				n = 0;
				break;
			}
			left = partition(v, n);
			if (left > n - left) {
				todo[top].v = v;
				todo[top].n = left;
				v += left;
				n -= left;
			} else {
				todo[top].v = v + left;
				todo[top].n = n - left;
				n = left;
			}
			todo[top++].depth = depth;
		}
		insertion_sort(v, n);
		if (top == 0)
			return;
		v = todo[--top].v;
		n = todo[top].n;
		depth = todo[top].depth;
	}
}

void
vrp_sort(struct vrp *v, size_t n)
{
	if (!sort_nearly_sorted(v, n))
		sort_any(v, n);
}
