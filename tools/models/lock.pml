/* The kernel lock: a ticket lock whose waiters sleep (kern/kernellock.h, kern/kernellock.c).
 *
 * Each CPU takes and releases the lock ROUNDS times, and computes in user mode before and after,
 * where interrupts are on; in the kernel they are on only while it sleeps. There is no timer: it
 * would hide that a wake-up is lost, for a tick.
 *
 * Checked: one CPU at a time has the lock; the CPUs get it in the order of their tickets; each sees
 * what the one before has written; nobody sleeps for ever. With FOR_EVER they take it without end;
 * then, if each CPU that can go on does so some time (weak fairness), who waits gets it. */

/* @0 next_ticket @1 now_serving @2 what_the_lock_protects @3 sleepers[0] @4 sleepers[1] @5 sleepers[2] @6 sleepers[3] */
#define NEXT 0
#define SERVING 1
#define DATA 2
#define SLOT(ticket) (3 + (ticket) % SLOTS)
#define SLOTS 4			/* NCPU in the kernel: a power of 2, at least as many as CPUs */
#define TICKETS 8		/* where tickets wrap, a multiple of SLOTS */
#define WORDS (3 + SLOTS)
#ifndef ROUNDS
#define ROUNDS 3
#endif

#include "tso.inc"

byte holders;			/* how many CPUs have the lock */
byte expected;			/* the ticket whose turn it is */
byte written;			/* what the last holder has written to DATA */
bool waits;			/* CPU 0 waits for the lock */
#ifdef FOR_EVER
ltl served { [] (waits -> <> !waits) }
#endif

proctype cpu(byte self)
{
	byte ticket, seen, rounds;

	do
	/* In user mode. */
	:: atomic { kicked[self] ->
		kicked[self] = false;
		printf("CPU %d: is interrupted in user mode; it was no longer needed\n", self) }
	:: rounds == ROUNDS -> break
	:: atomic { rounds < ROUNDS && DRAINED(self) ->
#ifndef FOR_EVER
		rounds++;
#endif
		waits = waits || self == 0;
		ticket = memory[NEXT];
		memory[NEXT] = (ticket + 1) % TICKETS;
		printf("CPU %d: takes ticket %d\n", self, ticket) }	/* [L1] */

		atomic { seen = LOAD(self, SERVING);
			printf("CPU %d: looks: ticket %d is served\n", self, seen) }	/* [L2] */
		if
		:: seen == ticket -> goto taken
		:: else
		fi;

		/* It looks again, as often as it likes; then it goes to sleep. */
		do
		:: atomic { LOAD(self, SERVING) == ticket ->
			printf("CPU %d: sees that its ticket %d is served\n", self, ticket) };	/* [L3] */
			goto taken
		:: break
		od;
		atomic { DRAINED(self) ->
			memory[SLOT(ticket)] = self + 1;
			printf("CPU %d: notes that it sleeps until ticket %d\n", self, ticket) };	/* [L4] */
sleep:
		atomic { seen = LOAD(self, SERVING);
			printf("CPU %d: looks once more: ticket %d is served\n", self, seen) };	/* [L5] */
		if
		:: seen == ticket -> goto awake
		:: else
		fi;
		atomic { kicked[self] ->
			kicked[self] = false;
			printf("CPU %d: is kicked out of hlt\n", self) };	/* [L6] */
		goto sleep;
awake:
		atomic { CAN_STORE(self) ->
			STORE(self, SLOT(ticket), 0);
			printf("CPU %d: takes back its note\n", self) };	/* [L7] */
taken:
		atomic { holders++;
			waits = waits && self != 0;
			printf("CPU %d: has the lock, with ticket %d\n", self, ticket);
			assert(holders == 1);			/* one CPU at a time has the lock */
			assert(ticket == expected);		/* the CPUs get the lock in the order of their tickets */
			assert(LOAD(self, DATA) == written)	/* a CPU sees what the one before has written */
			};
		atomic { CAN_STORE(self) ->
			written = (written + 1) % 4;
			STORE(self, DATA, written);
			printf("CPU %d: changes what the lock protects\n", self) };
		atomic { holders--; expected = (expected + 1) % TICKETS };
		atomic { DRAINED(self) ->
			seen = (memory[SERVING] + 1) % TICKETS;
			memory[SERVING] = seen;
			printf("CPU %d: releases the lock: now ticket %d is served\n", self, seen) };	/* [L8] */
		ticket = 0;
		if
		:: atomic { memory[NEXT] == seen || LOAD(self, NEXT) == seen ->
			printf("CPU %d: sees that nobody has that ticket\n", self) }	/* [L9] */
		:: atomic { LOAD(self, NEXT) != seen ->
			ticket = LOAD(self, SLOT(seen));
			printf("CPU %d: looks who sleeps until ticket %d: %d\n", self, seen, ticket - 1) };	/* [L10] */
			if
			:: ticket > 0 ->
				atomic { DRAINED(self) ->
					kicked[ticket - 1] = true;
					printf("CPU %d: kicks CPU %d\n", self, ticket - 1) }	/* [L11] */
			:: else
			fi
		fi;
		atomic { ticket = 0; seen = 0 }
	od
	/* In user mode for good. */
end:	do
	:: atomic { kicked[self] -> kicked[self] = false }
	od
}

init {
	byte c;

	atomic {
		for (c : 0 .. N - 1) {
			run cpu(c);
			run drain(c)
		}
	}
}
