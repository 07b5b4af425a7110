/* The kernel lock: a ticket lock whose waiters sleep (kern/kernellock.h, kern/kernellock.c).
 *
 * Each CPU takes and releases the lock ROUNDS times, and computes in user mode before and after,
 * where interrupts are on; in the kernel they are on only while it sleeps. There is no timer: it
 * would hide that a wake-up is lost, for a tick.
 *
 * Checked: one CPU at a time has the lock; the CPUs get it in the order of their tickets; each sees
 * what the one before has written; nobody sleeps for ever. With FOR_EVER they take it without end;
 * then, if each CPU that can go on does so some time (weak fairness), who waits gets it. */

/* @0 next_ticket @1 now_serving @2 what_the_lock_protects @3 holder @4 sleepers[0] @5 sleepers[1] @6 sleepers[2] */
#define NEXT 0
#define SERVING 1
#define DATA 2
#define HOLDER 3
#define SLOT(ticket) (4 + (ticket) % SLOTS)
#define SLOTS N			/* NCPU in the kernel, which may have as many CPUs, not more */
#define TICKETS (2 * N)		/* where tickets wrap, a multiple of SLOTS */
#define WORDS 7
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
	:: atomic { KICKED(self) ->
		KICKED(self) = 0;
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
		atomic { KICKED(self) ->
			KICKED(self) = 0;
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
			STORE(self, HOLDER, self + 1) };			/* [L12] */
		atomic { CAN_STORE(self) ->
			written = (written + 1) % 4;
			STORE(self, DATA, written);
			printf("CPU %d: changes what the lock protects\n", self) };
		atomic { CAN_STORE(self) ->
			assert(LOAD(self, HOLDER) == self + 1);	/* who has the lock is its holder */
			STORE(self, HOLDER, 0) };				/* [L13] */
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
				atomic { CAN_STORE(self) ->
					STORE(self, KICK(ticket - 1), 1);
					printf("CPU %d: kicks CPU %d\n", self, ticket - 1) }	/* [L11] */
			:: else
			fi
		fi;
		atomic { ticket = 0; seen = 0 }
	od
	/* In user mode for good. */
end:	do
	:: atomic { KICKED(self) -> KICKED(self) = 0 }
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
