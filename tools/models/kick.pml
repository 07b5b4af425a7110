/* Kicks and status words: taking rights from a page (tlb_shoot_down), and stopping or destroying an
 * env that runs on another CPU (cpu_kick_out): kern/kick.c, kern/trap.c, kern/env.c, kern/env.h.
 *
 * Each CPU begins with an env of its own in user mode. There it uses its page, makes a few system
 * calls, and can be kicked at any time; in the kernel interrupts are off. A system call does
 * nothing, or changes the mapping of any env, or stops or destroys an env that runs elsewhere, or
 * makes one in the slot of a dead one (with the same page directory, which the kernel would not use
 * again while a CPU has it loaded). The lock is a plain one: lock.pml is about the real one. The processor may load a translation into
 * the TLB at any time, also when the program does not use the page (the process `walker').
 *
 * Checked: when a shoot-down has returned, no CPU uses the old translation; when an env has been
 * stopped or destroyed, no CPU runs it, and its registers are all in its env_tf; an env runs on one
 * CPU; no CPU waits for ever. */

/* @0 status[0] @1 status[1] @2 status[2] @3 stale[0] @4 stale[1] @5 stale[2] @6 pte[0] @7 pte[1] @8 pte[2] @9 env_tf[0] @10 env_tf[1] @11 env_tf[2] */
#define STATUS(c) (c)
#define STALE(c) (3 + (c))
#define PTE(e) (6 + (e))
#define FRAME(e) (9 + (e))
#define WORDS 12

#include "tso.inc"

#define NONE 9
#define USER 1			/* cpu_status */
#define KERNEL 2
#define HALTED 3
#ifndef CALLS
#define CALLS 2			/* system calls of each CPU at most */
#endif
#ifndef CHANGES
#define CHANGES 2		/* how many of all calls change something */
#endif

bool locked;
byte current[N];		/* cpu_env, protected by the lock */
byte pgdir[N];			/* whose page directory is loaded */
byte tlb[N];			/* which frame the TLB has for the page, or NONE */
byte dropped[N];		/* by env: a frame that it has no more, or NONE; its frames are 2e and 2e+1 */
bool dead[N];			/* by env */
byte done[N];			/* by env: what is in its registers: steps so far, modulo 4 */
byte changes;

proctype walker(byte self)
{
end:	do
	:: atomic { pgdir[self] != NONE && tlb[self] == NONE ->
		tlb[self] = memory[PTE(pgdir[self])];
		printf("CPU %d:     loads a translation: frame %d of env %d\n", self, tlb[self], pgdir[self]) }
	od
}

/* Ask CPU c to enter the kernel, if it is in user mode. */
inline kick(c)
{
	if
	:: atomic { LOAD(self, STATUS(c)) == USER && CAN_STORE(self) ->
		STORE(self, KICK(c), 1);
		printf("CPU %d: CPU %d is in user mode: kicks it\n", self, c) }	/* [K1] */
	:: atomic { LOAD(self, STATUS(c)) != USER ->
		printf("CPU %d: CPU %d is not in user mode\n", self, c) }
	fi
}

/* Wait until it has done so. */
inline wait_kicked(c)
{
	atomic { LOAD(self, STATUS(c)) != USER ->
		printf("CPU %d: sees that CPU %d is not in user mode\n", self, c) }	/* [K2] */
}

/* tlb_invalidate and tlb_shoot_down, after env e has got another frame. */
inline shoot_down(e)
{
	atomic { CAN_STORE(self) ->
		STORE(self, PTE(e), LOAD(self, PTE(e)) ^ 1);
		printf("CPU %d: env %d gets another frame\n", self, e) }	/* [K3] */
	if
	:: atomic { pgdir[self] == e && DRAINED(self) ->
		tlb[self] = NONE;
		printf("CPU %d: invlpg\n", self) }	/* [K4] */
	:: pgdir[self] != e
	fi;
	for (c : 0 .. N - 1) {
		if
		:: c != self && pgdir[c] == e ->
			atomic { CAN_STORE(self) ->
				STORE(self, STALE(c), 1);
				printf("CPU %d: tells CPU %d that its TLB is stale\n", self, c) }	/* [K5] */
			kick(c)
		:: else
		fi
	}
	for (c : 0 .. N - 1) {
		if
		:: c != self && pgdir[c] == e -> wait_kicked(c)
		:: else
		fi
	}
	atomic { dropped[e] = LOAD(self, PTE(e)) ^ 1;
		printf("CPU %d: the old frame of env %d has another owner from here on\n", self, e) }	/* [K6] */
}

/* take_off_cpu: env e runs on CPU c. */
inline take_off(c, e)
{
	if
	:: atomic { LOAD(self, STATUS(c)) == USER && CAN_STORE(self) ->
		STORE(self, KICK(c), 1);
		printf("CPU %d: kicks CPU %d, where env %d runs\n", self, c, e) };
		wait_kicked(c)			/* [K7] */
	:: LOAD(self, STATUS(c)) != USER
	fi;
	atomic { assert(LOAD(self, FRAME(e)) == done[e]);	/* an env that has been stopped has all its registers in env_tf */
		current[c] = NONE;
		printf("CPU %d: takes env %d off CPU %d\n", self, e, c) }	/* [K8] */
}

inline handle_call()
{
	if
	:: printf("CPU %d: the call changes nothing that others use\n", self)
	:: changes < CHANGES ->
		atomic { changes++;
			select(victim : 0 .. N - 1) }
		if
		:: !dead[victim] && dropped[victim] == NONE -> shoot_down(victim)
		:: victim != self && current[victim] != NONE && current[victim] != e ->
			other = current[victim];
			take_off(victim, other);
			if
			:: printf("CPU %d: env %d can run elsewhere\n", self, other)
			:: dropped[other] == NONE ->
				atomic { dead[other] = true;
					printf("CPU %d: destroys env %d, whose page it takes away\n", self, other) };
				shoot_down(other)
			fi
		:: atomic { dead[victim] && CAN_STORE(self) ->
			STORE(self, FRAME(victim), 0);
			done[victim] = 0;
			dead[victim] = false;
			printf("CPU %d: fork: a new env in slot %d\n", self, victim) }
		:: else
		fi
	fi
}

/* Whether env e can run, and runs nowhere. */
#if N == 2
#define WAITS(e) (!dead[e] && current[0] != e && current[1] != e)
#else
#define WAITS(e) (!dead[e] && current[0] != e && current[1] != e && current[2] != e)
#endif

proctype cpu(byte self)
{
	byte e = self, c, victim, other, calls;
	bool by_kick, used;

end_user:
	do
	:: atomic { !used ->
		used = true;
		if
		:: tlb[self] == NONE -> tlb[self] = memory[PTE(e)]
		:: else
		fi;
		printf("CPU %d: env %d uses its page, frame %d\n", self, e, tlb[self]);
		assert(current[self] == e);		/* no CPU runs an env that has been taken off */
		assert(!dead[e]);			/* no CPU runs a dead env */
		assert(tlb[self] / 2 == e);		/* the TLB has only translations of the env that runs */
		assert(tlb[self] != dropped[e]);	/* no CPU uses the old translation */
		done[e] = (done[e] + 1) % 4 }
	:: atomic { KICKED(self) ->
		KICKED(self) = 0;
		by_kick = true;
		printf("CPU %d: is interrupted\n", self) };
		break
	:: atomic { calls < CALLS ->
		calls++;
		by_kick = false;
		printf("CPU %d: env %d makes a system call\n", self, e) };
		break
	od;
	used = false;

	atomic { CAN_STORE(self) ->
		STORE(self, FRAME(e), done[e]);
		printf("CPU %d: saves the registers of env %d\n", self, e) };	/* [K9] */
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), KERNEL);
		printf("CPU %d: is in the kernel now\n", self) };	/* [K10] */
	atomic { !locked && DRAINED(self) ->
		locked = true;
		printf("CPU %d: has the lock\n", self) };	/* [K11] */
	if
	:: atomic { LOAD(self, STALE(self)) && CAN_STORE(self) ->
		STORE(self, STALE(self), 0);
		tlb[self] = NONE;
		printf("CPU %d: flushes its stale TLB\n", self) }	/* [K12] */
	:: !LOAD(self, STALE(self))
	fi;
	if
	:: current[self] == e ->		/* [K13] */
		assert(current[self] == e && !dead[e]);	/* a trap is handled for the current env only */
		if
		:: !by_kick -> handle_call()
		:: else
		fi
	:: else -> printf("CPU %d: env %d has been taken off: there is nothing to handle\n", self, e)
	fi;

	/* Who runs next here: the same env, or another one that waits. */
	if
	:: current[self] == NONE ->
		c = 0;
		do
		:: c < N && !WAITS(c) -> c++
		:: else -> break
		od;
		if
		:: atomic { c < N ->
			current[self] = c;
			printf("CPU %d: runs env %d\n", self, c);
			assert(LOAD(self, FRAME(c)) == done[c])	/* an env goes on with its registers */
			};
			if
			:: atomic { pgdir[self] != c && CAN_STORE(self) ->
				pgdir[self] = c;
				tlb[self] = NONE;
				STORE(self, STALE(self), 0);
				printf("CPU %d: loads its page directory\n", self) }	/* [K16] */
			:: pgdir[self] == c
			fi
		:: c == N -> goto halt
		fi
	:: else
	fi;
	e = current[self];
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), USER);
		printf("CPU %d: is about to be in user mode\n", self) };	/* [K14] */
	atomic { DRAINED(self) ->
		locked = false;
		c = 0; victim = 0; other = 0;
		printf("CPU %d: releases the lock, and env %d goes on\n", self, e) };	/* [K15] */
	goto end_user;

halt:
	pgdir[self] = NONE;
	tlb[self] = NONE;
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), HALTED) };
	atomic { DRAINED(self) ->
		locked = false;
		printf("CPU %d: has nothing to run\n", self) }
}

init {
	byte i;

	atomic {
		for (i : 0 .. N - 1) {
			memory[STATUS(i)] = USER;
			memory[PTE(i)] = 2 * i;
			current[i] = i;
			pgdir[i] = i;
			tlb[i] = NONE;
			dropped[i] = NONE;
			run cpu(i);
			run drain(i);
			run walker(i)
		}
	}
}
