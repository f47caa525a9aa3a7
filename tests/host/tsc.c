// Prints the frequency of this machine's TSC in kHz, measured for a tenth of a second.
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int main(void)
{
	const double start = now();
	const unsigned long long first = __rdtsc();
	usleep(100000);
	const unsigned long long last = __rdtsc();
	printf("%.0f\n", (last - first) / (now() - start));
	return 0;
}
