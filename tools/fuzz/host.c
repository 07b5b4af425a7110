// The program on the host: runs sequences of calls, each in a process of its own, so that each
// begins with the same state, and none can harm another one.
//
//	fuzz [seed=N] [calls=N] [seconds=N] [length=N] [audit=N] [show=1]
//
// Runs the sequences with seeds N, N + 1 ... until there have been so many calls, or so many
// seconds have passed. In each there are at most `length' calls, and an audit after every so many.

#include "host.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void host_map(unsigned address, unsigned size)
{
	void *want = (void *) address;

	if (mmap(want, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != want) {
		perror("fuzz: no memory where the kernel has its own");
		exit(2);
	}
}

void host_vprint(const char *fmt, va_list ap)
{
	vprintf(fmt, ap);
}

void host_print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void host_end(int well)
{
	exit(!well);
}

static unsigned long long number_of(const char *name, int argc, char **argv,
				    unsigned long long otherwise)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			return strtoull(argv[i] + n + 1, NULL, 0);
	return otherwise;
}

// The kernel has used memory that is not there, or the like: say so as when it panics.
static void catch_signals(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
	static char stack[65536];
	stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_handler = run_crashed, .sa_flags = SA_ONSTACK};

	sigaltstack(&other, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

// Run one sequence; return whether it has gone well.
static int run(const struct FuzzOptions *options, struct FuzzTold *told)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		signal(SIGINT, SIG_IGN); // the end of this sequence is near
		alarm(100);              // it takes a fraction of a second
		catch_signals();
		run_sequence(options, told);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		perror("fuzz");
		exit(2);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static volatile sig_atomic_t stopped; // by Ctrl-C, or kill

static void stop(int signal)
{
	stopped = 1;
}

int main(int argc, char **argv)
{
	unsigned long long calls = number_of("calls", argc, argv, 1000000);
	time_t seconds = number_of("seconds", argc, argv, 0), begin = time(NULL);
	struct FuzzOptions options = {
		.seed = number_of("seed", argc, argv, begin),
		.length = number_of("length", argc, argv, 1000),
		.audit_every = number_of("audit", argc, argv, 1),
		.show = number_of("show", argc, argv, 0),
	};
	struct FuzzTold sum = {0}, *told;
	unsigned first = options.seed;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED) {
		perror("fuzz");
		return 2;
	}
	sigaction(SIGINT, &(struct sigaction){.sa_handler = stop, .sa_flags = SA_RESTART}, NULL);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop, .sa_flags = SA_RESTART}, NULL);
	while (!stopped && (seconds ? time(NULL) - begin < seconds : sum.calls < calls)) {
		memset(told, 0, sizeof(*told));
		int well = run(&options, told);
		sum.calls += told->calls;
		sum.errors += told->errors;
		sum.audits += told->audits;
		if (!well) {
			printf("Found after %llu calls. To see this sequence from its beginning:\n"
			       "\tmake fuzz FUZZ_SEED=%u FUZZ_CALLS=1 FUZZ_SHOW=1\n",
			       sum.calls, options.seed);
			return 1;
		}
		options.seed++;
	}
	printf("%llu calls, %llu of them refused, in the sequences %u to %u; %llu audits: "
	       "all agrees\n",
	       sum.calls, sum.errors, first, options.seed - 1, sum.audits);
	return 0;
}
