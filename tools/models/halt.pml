/* Sleeping without an env, being woken, and resting (kern/sched.c, kern/kick.c, kern/envstate.h).
 *
 * Each CPU begins in user mode with an env. An env computes for ever, or blocks, or makes a blocked
 * one runnable, a few times in all. Only how many envs are runnable and blocked is counted: which
 * one runs next makes no difference here. There is no timer but for a CPU that rests: it would
 * hide, for a while, that a wake-up is lost. A CPU that rests may do so until all others have ended.
 *
 * Checked: when nothing more happens, no CPU sleeps while an env waits for a CPU; no CPU waits for
 * the lock for ever; the count of halted CPUs that have not been woken is never too low. */

/* @0 status[0] @1 status[1] @2 status[2] @3 woken[0] @4 woken[1] @5 woken[2] @6 runnable @7 ncpu_halted */
#define STATUS(c) (c)
#define WOKEN(c) (3 + (c))
#define RUNNABLE 6
#define COUNT 7
#define WORDS 8

#include "tso.inc"

#define USER 1			/* cpu_status */
#define KERNEL 2
#define HALTED 3
#define RESTING 4
#ifndef EVENTS
#define EVENTS 4		/* how often envs block or wake others */
#endif
#ifndef RESTS
#define RESTS 1			/* how often a CPU rests */
#endif

bool locked;
bool has_env[N];		/* cpu_env */
byte blocked = 1;
byte events;
byte rests;

#define IS_HALTED(c) (memory[STATUS(c)] == HALTED)
#define IS_NOT_WOKEN(c) (IS_HALTED(c) && !memory[WOKEN(c)])
#if N == 2
#define OTHERS_RUN (has_env[0] || has_env[1])
#define ANY_HALTED (IS_HALTED(0) || IS_HALTED(1))
#define NOT_WOKEN (IS_NOT_WOKEN(0) + IS_NOT_WOKEN(1))
#else
#define OTHERS_RUN (has_env[0] || has_env[1] || has_env[2])
#define ANY_HALTED (IS_HALTED(0) || IS_HALTED(1) || IS_HALTED(2))
#define NOT_WOKEN (IS_NOT_WOKEN(0) + IS_NOT_WOKEN(1) + IS_NOT_WOKEN(2))
#endif

inline lock()
{
	do
	:: atomic { !locked && DRAINED(self) ->
		locked = true;
		printf("CPU %d: has the lock\n", self) } -> break
	:: atomic { locked && KICKED(self) ->
		KICKED(self) = 0;
		printf("CPU %d: is kicked while it waits for the lock\n", self) }
	od
}

inline unlock()
{
	atomic { DRAINED(self) ->
		locked = false;
		printf("CPU %d: releases the lock\n", self) }
}

/* cpu_wake_one and cpu_wake_halted. */
inline wake_one()
{
	if
	:: LOAD(self, COUNT) > 0 ->
		c = 0;
		do
		:: c == N -> break
		:: c < N && (LOAD(self, STATUS(c)) != HALTED || LOAD(self, WOKEN(c))) -> c++	/* [H1] */
		:: c < N && LOAD(self, STATUS(c)) == HALTED && !LOAD(self, WOKEN(c)) ->
			atomic { CAN_STORE(self) ->
				STORE(self, WOKEN(c), 1);
				printf("CPU %d: marks CPU %d as woken\n", self, c) }	/* [H2] */
			atomic { CAN_STORE(self) ->
				STORE(self, COUNT, LOAD(self, COUNT) - 1) }	/* [H3] */
			atomic { CAN_STORE(self) ->
				STORE(self, KICK(c), 1);
				printf("CPU %d: kicks CPU %d\n", self, c) }	/* [H4] */
			break
		od
	:: else
	fi;
	c = 0
}

proctype cpu(byte self)
{
	byte c, now;
	bool rest, woken;

end_user:
	do
	:: atomic { KICKED(self) ->
		KICKED(self) = 0;
		printf("CPU %d: is interrupted in user mode; it was no longer needed\n", self) }
	:: atomic { events < EVENTS -> events++ } -> break
	od;

	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), KERNEL);
		printf("CPU %d: enters the kernel\n", self) };
	lock();
	if
	:: atomic { true ->
		blocked++;
		has_env[self] = false;
		printf("CPU %d: its env blocks\n", self) }
	:: atomic { blocked > 0 && CAN_STORE(self) ->
		blocked--;
		STORE(self, RUNNABLE, LOAD(self, RUNNABLE) + 1);
		printf("CPU %d: its env makes another one runnable\n", self) };	/* [H5] */
		wake_one()
	:: atomic { rests < RESTS && CAN_STORE(self) ->	/* it is hindered */
		rests++;
		rest = true;
		has_env[self] = false;
		STORE(self, RUNNABLE, LOAD(self, RUNNABLE) + 1);
		printf("CPU %d: gives up its env, to rest\n", self) }
	fi;
	if
	:: has_env[self] -> goto leave
	:: else
	fi;

choose:	/* wait_for_work */
	if
	:: rest && OTHERS_RUN ->
		if
		:: LOAD(self, RUNNABLE) > 0 -> wake_one()		/* [H16] */
		:: else
		fi;
		goto halt
	:: else -> rest = false
	fi;
	if
	:: atomic { LOAD(self, RUNNABLE) > 0 && CAN_STORE(self) ->
		STORE(self, RUNNABLE, LOAD(self, RUNNABLE) - 1);
		has_env[self] = true;
		printf("CPU %d: takes a runnable env\n", self) };
		goto leave
	:: LOAD(self, RUNNABLE) == 0 && OTHERS_RUN
	:: LOAD(self, RUNNABLE) == 0 && !OTHERS_RUN ->
		assert(!OTHERS_RUN);	/* no env runs when a CPU says that all is done */
		unlock();
		printf("CPU %d: no env can run any more\n", self);
		goto done
	fi;

halt:	/* sched_halt */
	atomic { CAN_STORE(self) ->
		STORE(self, WOKEN(self), 0) };			/* [H6] */
	atomic { CAN_STORE(self) ->
		STORE(self, COUNT, LOAD(self, COUNT) + !rest) };	/* [H7] */
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), (rest -> RESTING : HALTED));
		printf("CPU %d: goes to sleep\n", self) };	/* [H8] */
	atomic { DRAINED(self) ->
		locked = false;
		assert(memory[COUNT] >= NOT_WOKEN);	/* the count of halted CPUs is not too low */
		printf("CPU %d: releases the lock\n", self) };	/* [H9] */
end_sleep:
	do
	:: atomic { LOAD(self, WOKEN(self)) ->
		printf("CPU %d: sees that it has been woken\n", self) } -> break	/* [H10] */
	:: atomic { !LOAD(self, WOKEN(self)) ->
		printf("CPU %d: sees that it has not been woken\n", self) };
		if
		:: atomic { !rest && LOAD(self, RUNNABLE) > 0 ->
			printf("CPU %d: sees that an env is runnable\n", self) } -> break	/* [H11] */
		:: atomic { rest -> printf("CPU %d: sees that a tick has come\n", self) } -> break
		:: atomic { rest -> printf("CPU %d: rests until all the others have ended\n", self) };
end_rest:		false
		:: atomic { !rest && LOAD(self, RUNNABLE) == 0 ->
			printf("CPU %d: sees no runnable env, and halts\n", self) };
end_hlt:
			atomic { KICKED(self) ->
				KICKED(self) = 0;
				printf("CPU %d: is kicked out of hlt\n", self) }	/* [H12] */
		fi
	od;
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), KERNEL) };		/* [H13] */
	lock();							/* [H14] */
	atomic { CAN_STORE(self) ->
		woken = LOAD(self, WOKEN(self));
		STORE(self, COUNT, LOAD(self, COUNT) - (!rest && !woken)) };	/* [H15] */
	rest = false;
	woken = false;
	if
	:: atomic { rests < RESTS ->		/* it has waited for the lock, and is hindered */
		rests++;
		rest = true;
		printf("CPU %d: is to rest\n", self) }
	:: true
	fi;
	goto choose;

leave:
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), USER) };
	unlock();
	goto end_user;

done:	skip
}

/* When no process can go on: */
proctype end_of_all()
{
end:	timeout;
	assert(memory[RUNNABLE] == 0 || !ANY_HALTED)		/* nobody sleeps while it could run */
}

init {
	byte i;

	atomic {
		for (i : 0 .. N - 1) {
			memory[STATUS(i)] = USER;
			has_env[i] = true;
			run cpu(i);
			run drain(i)
		}
		run end_of_all()
	}
}
