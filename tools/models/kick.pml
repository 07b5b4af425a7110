/* Kicks and status words: taking rights from a page (tlb_shoot_down), and stopping or destroying an
 * env that runs on another CPU (cpu_kick_out): kern/kick.c, kern/trap.c, kern/env.c, kern/env.h.
 *
 * Each CPU begins with an env of its own in user mode. There it uses its page, makes a few system
 * calls, and can be kicked at any time; in the kernel interrupts are off. A system call does
 * nothing, or changes the mapping of any env, or lets another env run, or stops an env that runs
 * elsewhere, or destroys it or the caller, or makes one in the slot of a dead one. What a dead env
 * had is given away without a shoot-down: a CPU that still has its page directory loaded must load
 * another one first, and only then is the directory free.
 *
 * The lock is a plain one: lock.pml is about the real one. The processor may load a translation into
 * the TLB at any time, also when the program does not use the page (the process `walker'). It uses
 * memory, not its own store buffer, and no walk goes on over an invlpg or a load of CR3 (SDM volume
 * 3, 4.10.4). An entry of a page table is read at once; what it keeps of page directories does not
 * matter, as their entries are changed only when nobody has them loaded. "Registers" are all of an
 * env, those for floating point, too.
 *
 * Checked: when a shoot-down has returned, no CPU uses the old translation; when an env has been
 * stopped or destroyed, no CPU runs it, and its registers are all in its env_tf; an env runs on one
 * CPU; no CPU waits for ever. */

/* @0 status[0] @1 status[1] @2 status[2] @3 stale[0] @4 stale[1] @5 stale[2] @6 pte[0] @7 pte[1] @8 pte[2] @9 pte[3] @10 env_tf[0] @11 env_tf[1] @12 env_tf[2] */
#define STATUS(c) (c)
#define STALE(c) (3 + (c))
#define PTE(d) (6 + (d))	/* in directory d: it names frame 2d or 2d + 1 */
#define FRAME(e) (10 + (e))
#define WORDS 13

#include "tso.inc"

#define DIRS (N + 1)		/* page directories: one for each env, and for one more */
#define NONE 9			/* no directory: the kernel's is loaded */
#define BOTH 8
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
byte pgdir[N];			/* which page directory is loaded */
byte tlb[N];			/* which frame the TLB has for the page, or NONE */
bool resched[N];		/* cpu_resched */
byte directory[N];		/* by env */
byte refs[DIRS];		/* by directory: how many envs and CPUs have it */
bool freed[DIRS];
byte dropped[DIRS];		/* by directory: the frame that it has no more, or BOTH, or NONE */
byte used_dirs = N;
bool dead[N];			/* by env */
byte done[N];			/* by env: what is in its registers: steps so far, modulo 4 */
byte changes;

proctype walker(byte self)
{
end:	do
	:: atomic { pgdir[self] != NONE && tlb[self] == NONE ->
		assert(!freed[pgdir[self]]);	/* a page directory that is loaded is not free */
		tlb[self] = memory[PTE(pgdir[self])];
		printf("CPU %d:     loads a translation: frame %d, from directory %d\n", self, tlb[self], pgdir[self]) }
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

/* Drop a reference to directory d. */
inline drop_directory(d)
{
	atomic { refs[d]--;
		freed[d] = refs[d] == 0;
		printf("CPU %d: directory %d has %d references\n", self, d, refs[d]) }
}

/* tlb_load of directory d. */
inline load(d)
{
	if
	:: pgdir[self] == d
	:: pgdir[self] != d ->
		old = pgdir[self];
		if
		:: d != NONE -> refs[d]++	/* [K20] */
		:: else
		fi;
		atomic { CAN_STORE(self) ->
			pgdir[self] = d;
			tlb[self] = NONE;
			STORE(self, STALE(self), 0);
			printf("CPU %d: loads page directory %d\n", self, d) }	/* [K16] */
		if
		:: old != NONE -> drop_directory(old)	/* [K17] */
		:: else
		fi;
		old = 0
	fi
}

/* tlb_invalidate and tlb_shoot_down, after directory d has got another frame. */
inline shoot_down(d)
{
	atomic { CAN_STORE(self) ->
		STORE(self, PTE(d), LOAD(self, PTE(d)) ^ 1);
		printf("CPU %d: directory %d gets another frame\n", self, d) }	/* [K3] */
	if
	:: atomic { pgdir[self] == d && DRAINED(self) ->
		tlb[self] = NONE;
		printf("CPU %d: invlpg\n", self) }	/* [K4] */
	:: pgdir[self] != d
	fi;
	if
	:: pgdir[self] == d && refs[d] <= 2 -> goto alone	/* [K18] */
	:: else
	fi;
	for (c : 0 .. N - 1) {
		if
		:: c != self && pgdir[c] == d ->
			atomic { CAN_STORE(self) ->
				STORE(self, STALE(c), 1);
				printf("CPU %d: tells CPU %d that its TLB is stale\n", self, c) }	/* [K5] */
			kick(c)
		:: else
		fi
	}
	for (c : 0 .. N - 1) {
		if
		:: c != self && pgdir[c] == d -> wait_kicked(c)
		:: else
		fi
	}
alone:
	atomic { dropped[d] = LOAD(self, PTE(d)) ^ 1;
		printf("CPU %d: the old frame of directory %d has another owner from here on\n", self, d) }	/* [K6] */
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
	resched[c] = true					/* [K19] */
}

/* The end of env e, which runs on no other CPU: end, free_table, free_slot. */
inline destroy(e)
{
	if
	:: current[self] == e ->
		load(NONE);					/* [K21] */
		current[self] = NONE;
		resched[self] = true
	:: else
	fi;
	atomic { dead[e] = true;
		dropped[directory[e]] = BOTH;
		printf("CPU %d: destroys env %d, whose frames have other owners from here on\n", self, e) }	/* [K22] */
	drop_directory(directory[e]);				/* [K23] */
	directory[e] = NONE
}

inline handle_call()
{
	if
	:: printf("CPU %d: the call changes nothing that others use\n", self)
	:: changes < CHANGES ->
		atomic { changes++;
			select(victim : 0 .. N - 1) }
		if
		:: !dead[victim] && dropped[directory[victim]] == NONE -> shoot_down(directory[victim])
		:: victim != self && current[victim] != NONE && current[victim] != e ->
			other = current[victim];
			take_off(victim, other);
			if
			:: printf("CPU %d: env %d can run elsewhere\n", self, other)
			:: printf("CPU %d: env %d is to be destroyed\n", self, other) -> destroy(other)
			fi
		:: printf("CPU %d: env %d is to be destroyed, its own\n", self, e) -> destroy(e)
		:: atomic { resched[self] = true;
			printf("CPU %d: env %d yields\n", self, e) }
		:: atomic { dead[victim] && used_dirs < DIRS && CAN_STORE(self) ->
			directory[victim] = used_dirs;
			refs[used_dirs] = 1;
			used_dirs++;
			STORE(self, FRAME(victim), 0);
			done[victim] = 0;
			dead[victim] = false;
			printf("CPU %d: fork: a new env in slot %d\n", self, victim) }
		fi
	fi
}

/* Whether env e can run, and runs nowhere. */
#if N == 2
#define WAITS(e) (!dead[e] && current[0] != e && current[1] != e)
#define ANY_WAITS (WAITS(0) || WAITS(1))
#define ANY_DEAD (dead[0] || dead[1])
#else
#define WAITS(e) (!dead[e] && current[0] != e && current[1] != e && current[2] != e)
#define ANY_WAITS (WAITS(0) || WAITS(1) || WAITS(2))
#define ANY_DEAD (dead[0] || dead[1] || dead[2])
#endif

proctype cpu(byte self)
{
	byte e = self, c, victim, other, calls, old;
	bool by_kick, used, reaped;

end_user:
	do
	:: atomic { !used ->
		used = true;
		if
		:: tlb[self] == NONE -> tlb[self] = memory[PTE(pgdir[self])]
		:: else
		fi;
		printf("CPU %d: env %d uses its page, frame %d\n", self, e, tlb[self]);
		assert(current[self] == e);		/* no CPU runs an env that has been taken off */
		assert(!dead[e]);			/* no CPU runs a dead env */
		assert(tlb[self] / 2 == directory[e]);	/* the TLB has only translations of the env that runs */
		assert(tlb[self] != dropped[directory[e]]);	/* no CPU uses the old translation */
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
	do
	:: atomic { !locked && DRAINED(self) ->
		locked = true;
		printf("CPU %d: has the lock\n", self) } -> break	/* [K11] */
	:: atomic { locked && KICKED(self) ->
		KICKED(self) = 0;
		printf("CPU %d: is kicked while it waits for the lock\n", self) }
	od;
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
	:: resched[self] ->
choose:
		if
		:: ANY_DEAD && !reaped ->	/* wait_for_work has memory to free */
			reaped = true;
			current[self] = NONE;
			atomic { DRAINED(self) ->
				locked = false;
				printf("CPU %d: has given up its env; it lets others have the lock\n", self) };	/* [K26] */
			atomic { !locked && DRAINED(self) ->
				locked = true;
				printf("CPU %d: has the lock again\n", self) };
			if
			:: atomic { LOAD(self, STALE(self)) && CAN_STORE(self) ->
				STORE(self, STALE(self), 0);
				tlb[self] = NONE;
				printf("CPU %d: flushes its TLB, which is stale\n", self) }
			:: !LOAD(self, STALE(self))
			fi
		:: true
		fi;
		reaped = false;
		c = 0;
		do
		:: c < N && !WAITS(c) -> c++
		:: else -> break
		od;
		if
		:: atomic { c < N ->
			current[self] = c;
			printf("CPU %d: runs env %d\n", self, c) };
			load(directory[c])
		:: c == N && current[self] != NONE
		:: c == N && current[self] == NONE -> goto halt
		fi;
		resched[self] = false
	:: else
	fi;
	assert(current[self] != NONE);	/* a CPU has an env when it goes to user mode */
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), USER);
		printf("CPU %d: is about to be in user mode\n", self) };	/* [K14] */
	atomic { DRAINED(self) ->
		locked = false;
		c = 0; victim = 0; other = 0;
		printf("CPU %d: releases the lock\n", self) };	/* [K15] */
	atomic { true ->
		e = current[self];
		printf("CPU %d: env %d goes on\n", self, e);
		assert(LOAD(self, FRAME(e)) == done[e])	/* an env goes on with its registers */
		};						/* [K24] */
	goto end_user;

halt:
	load(NONE);						/* [K25] */
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), HALTED) };
	atomic { DRAINED(self) ->
		locked = false;
		c = 0; victim = 0; other = 0;
		printf("CPU %d: has nothing to run\n", self) };
end_halted:
	atomic { !locked && ANY_WAITS && CAN_STORE(self) ->
		locked = true;
		STORE(self, STATUS(self), KERNEL);
		printf("CPU %d: has the lock again, as an env waits\n", self) };
	goto choose
}

init {
	byte i;

	atomic {
		for (i : 0 .. N - 1) {
			memory[STATUS(i)] = USER;
			memory[PTE(i)] = 2 * i;
			directory[i] = i;
			refs[i] = 2;
			current[i] = i;
			pgdir[i] = i;
			tlb[i] = NONE;
			dropped[i] = NONE
		}
		memory[PTE(N)] = 2 * N;
		dropped[N] = NONE;
		for (i : 0 .. N - 1) {
			run cpu(i);
			run drain(i);
			run walker(i)
		}
	}
}
