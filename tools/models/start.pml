/* Starting the other CPUs (kern/init.c, kern/mpentry.S, kern/lapic.c).
 *
 * The boot CPU, number 0, starts one CPU after the other. Each of them may come to life at once,
 * late, or never. How long the boot CPU waits is not modelled: its limit may pass at any time.
 *
 * Checked: a CPU that answers too late does not run, and one that does not answer keeps nobody
 * waiting; one CPU at a time sets itself up; no CPU runs envs before the boot CPU has made them. */

/* @0 status[0] @1 status[1] @2 status[2] @3 kstack[0] @4 kstack[1] @5 kstack[2] @6 the_first_envs */
#define STATUS(c) (c)
#define KSTACK(c) (3 + (c))
#define ENVS 6
#define WORDS 7

#include "tso.inc"

#define UNUSED 0		/* cpu_status */
#define DEAD 1
#define STARTING 2
#define KERNEL 3

bool locked;
bool told[N];			/* has got a STARTUP */
byte setting_up;		/* how many CPUs set themselves up */
bool boot_cpu_goes_on;

/* set_first_status: compare-and-exchange. */
inline set_first(c, status)
{
	atomic { DRAINED(self) ->
		success = memory[STATUS(c)] == UNUSED;
		if
		:: success -> memory[STATUS(c)] = status
		:: else
		fi;
		printf("CPU %d: wants the status of CPU %d to be %d: success %d\n", self, c, status, success) }	/* [S1] */
}

proctype boot_cpu()
{
	byte self = 0, n;
	bool success;

	atomic { !locked && DRAINED(self) ->
		locked = true;
		printf("CPU 0: takes the lock\n") };		/* [S2] */
	for (n : 1 .. N - 1) {
		atomic { CAN_STORE(self) ->
			STORE(self, KSTACK(n), n);
			printf("CPU 0: gives CPU %d a stack\n", n) }	/* [S3] */
		atomic { DRAINED(self) ->
			told[n] = true;
			printf("CPU 0: sends STARTUP to CPU %d\n", n) }	/* [S4] */
		if
		:: atomic { LOAD(self, STATUS(n)) != UNUSED ->
			printf("CPU 0: sees that CPU %d has answered\n", n) }	/* [S5] */
		:: atomic { true -> printf("CPU 0: has waited long enough for CPU %d\n", n) };
			set_first(n, DEAD)				/* [S6] */
		fi;
		success = false;
		atomic { LOAD(self, STATUS(n)) != STARTING ->
			printf("CPU 0: does not wait for CPU %d any more\n", n) }	/* [S7] */
		assert(memory[STATUS(n)] == DEAD || memory[STATUS(n)] == KERNEL)	/* each CPU is dead or set up before the next one is started */
	}
	boot_cpu_goes_on = true;
	assert(setting_up == 0);			/* no CPU sets itself up when the boot CPU goes on */
	atomic { CAN_STORE(self) ->
		STORE(self, ENVS, 1);
		printf("CPU 0: makes the first envs\n") };	/* [S8] */
	atomic { DRAINED(self) ->
		locked = false;
		printf("CPU 0: releases the lock\n") }
}

proctype other_cpu(byte self)
{
	bool success;

end_asleep:
	if
	:: atomic { told[self] -> printf("CPU %d: comes to life\n", self) }
	fi;
	atomic { true ->
		printf("CPU %d: looks for its stack\n", self);
		assert(LOAD(self, KSTACK(self)) == self)	/* a CPU that is started finds its stack */
		};					/* [S9] */
	set_first(self, STARTING);				/* [S10] */
	if
	:: !success -> goto stop
	:: success
	fi;
	atomic { true ->
		setting_up++;
		printf("CPU %d: sets itself up\n", self);
		assert(setting_up == 1 && !boot_cpu_goes_on)	/* one CPU at a time sets itself up */
		};						/* [S11] */
	setting_up--;
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), KERNEL);
		printf("CPU %d: is set up\n", self) };		/* [S12] */
	atomic { !locked && DRAINED(self) ->
		locked = true;
		printf("CPU %d: has the lock, to run envs\n", self);
		assert(LOAD(self, ENVS));		/* no CPU runs envs before the boot CPU has made them */
		assert(memory[STATUS(self)] != DEAD)	/* a CPU that is said to be dead does not run */
		};					/* [S13] */
	atomic { DRAINED(self) ->
		locked = false };
stop:	skip
}

init {
	byte i;

	atomic {
		run boot_cpu();
		run drain(0);
		for (i : 1 .. N - 1) {
			run other_cpu(i);
			run drain(i)
		}
	}
}
