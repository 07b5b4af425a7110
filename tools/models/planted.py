"""Mistakes in the protocols between CPUs: what is changed in a model, and with how many CPUs it is
tried. Each must give a counterexample."""

from typing import Dict, NamedTuple, Tuple


class Mistake(NamedTuple):
    """Edits of a model: old and new lines; the old ones occur once."""
    model: str
    edits: Tuple[Tuple[str, str], ...]
    cpus: int = 2
    options: Tuple[str, ...] = ()


# Steps of lock.pml that are moved.
NOTE = """\
		atomic { DRAINED(self) ->
			memory[SLOT(ticket)] = self + 1;
			printf("CPU %d: notes that it sleeps until ticket %d\\n", self, ticket) };	/* [L4] */
"""
SERVE = """\
		atomic { DRAINED(self) ->
			seen = (memory[SERVING] + 1) % TICKETS;
			memory[SERVING] = seen;
"""
TAKE_BACK = """\
		atomic { CAN_STORE(self) ->
			STORE(self, SLOT(ticket), 0);
			printf("CPU %d: takes back its note\\n", self) };	/* [L7] */
"""
CHANGE = """\
		atomic { CAN_STORE(self) ->
			written = (written + 1) % 4;
			STORE(self, DATA, written);
			printf("CPU %d: changes what the lock protects\\n", self) };
"""

CLEAR_HOLDER = """\
			STORE(self, HOLDER, 0) };				/* [L13] */
"""

LOCK: Dict[str, Mistake] = {
    "a ticket is read, and then counted up": Mistake("lock", ((
        "		memory[NEXT] = (ticket + 1) % TICKETS;\n"
        '		printf("CPU %d: takes ticket %d\\n", self, ticket) }',
        '		printf("CPU %d: reads ticket %d\\n", self, ticket) }\n'
        "		atomic { DRAINED(self) -> memory[NEXT] = (ticket + 1) % TICKETS }"),)),
    "the note that it sleeps is still in the store buffer when it looks once more": Mistake("lock", ((
        "		atomic { DRAINED(self) ->\n			memory[SLOT(ticket)] = self + 1;",
        "		atomic { CAN_STORE(self) ->\n			STORE(self, SLOT(ticket), self + 1);"),)),
    "it looks before it notes that it sleeps": Mistake("lock", (
        (NOTE, ""),
        ("		atomic { KICKED(self) ->\n			KICKED(self) = 0;\n"
         '			printf("CPU %d: is kicked out of hlt',
         NOTE + "		atomic { KICKED(self) ->\n			KICKED(self) = 0;\n"
         '			printf("CPU %d: is kicked out of hlt'))),
    "it does not note that it sleeps": Mistake("lock", ((NOTE, ""),)),
    "a kick is taken before hlt, because interrupts are on too early": Mistake("lock", ((
        '		:: seen == ticket -> goto awake\n		:: else\n		fi;\n',
        '		:: seen == ticket -> goto awake\n		:: seen != ticket && !KICKED(self)\n'
        '		:: atomic { seen != ticket && KICKED(self) ->\n			KICKED(self) = 0;\n'
        '			printf("CPU %d: is interrupted just before hlt\\n", self) }\n		fi;\n'),)),
    "after a kick it does not look whether its ticket is served": Mistake("lock", ((
        "		goto sleep;\n", "		goto awake;\n"),), 3),
    "it takes its note back after it has released the lock": Mistake("lock", (
        (TAKE_BACK, "		skip;\n"),
        ("		ticket = 0;\n		if\n", TAKE_BACK + "		ticket = 0;\n		if\n")), 3),
    "the next ticket is served by a plain store": Mistake("lock", ((
        SERVE,
        "		atomic { CAN_STORE(self) ->\n			seen = (LOAD(self, SERVING) + 1) % TICKETS;\n"
        "			STORE(self, SERVING, seen);\n"),)),
    "the lock is released before the data is changed": Mistake("lock", (
        (CHANGE, ""),
        ("		ticket = 0;\n		if\n", CHANGE + "		ticket = 0;\n		if\n"))),
    "who sleeps is read before the next ticket is served": Mistake("lock", (
        (SERVE, "		rounds = rounds + 16 * LOAD(self, SLOT((ticket + 1) % TICKETS));\n" + SERVE),
        ("			ticket = LOAD(self, SLOT(seen));", "			ticket = rounds / 16;"),
        ("		atomic { ticket = 0; seen = 0 }",
         "		atomic { ticket = 0; seen = 0; rounds = rounds % 16 }"))),
    "whether somebody has the next ticket is read before it is served": Mistake("lock", (
        (SERVE, "		rounds = rounds + 16 * (LOAD(self, NEXT) == (ticket + 1) % TICKETS);\n" + SERVE),
        ("		:: atomic { memory[NEXT] == seen || LOAD(self, NEXT) == seen ->",
         "		:: atomic { rounds >= 16 ->\n			rounds = rounds - 16;"),
        ("		:: atomic { LOAD(self, NEXT) != seen ->", "		:: atomic { rounds < 16 ->"))),
    "the CPU that sleeps is not kicked": Mistake("lock", ((
        "				STORE(self, KICK(ticket - 1), 1);\n", ""),)),
    "the sleeper of the ticket after the next one is kicked": Mistake("lock", ((
        "ticket = LOAD(self, SLOT(seen));", "ticket = LOAD(self, SLOT(seen + 1));"),)),
    "fewer places for sleepers than CPUs": Mistake("lock", (("#define SLOTS N", "#define SLOTS 1"),), 3),
    "the holder is cleared after the next ticket is served": Mistake("lock", (
        (CLEAR_HOLDER, "			};\n"),
        ("		ticket = 0;\n		if\n", "		atomic { CAN_STORE(self) -> STORE(self, HOLDER, 0) };\n		ticket = 0;\n		if\n"))),
}

# Steps of kick.pml.
SAVE = """\
	atomic { CAN_STORE(self) ->
		STORE(self, FRAME(e), done[e]);
		printf("CPU %d: saves the registers of env %d\\n", self, e) };	/* [K9] */
"""
ENTER = """\
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), KERNEL);
		printf("CPU %d: is in the kernel now\\n", self) };	/* [K10] */
"""
TAKE_LOCK = """\
	do
	:: atomic { !locked && DRAINED(self) ->
		locked = true;
		printf("CPU %d: has the lock\\n", self) } -> break	/* [K11] */
	:: atomic { locked && KICKED(self) ->
		KICKED(self) = 0;
		printf("CPU %d: is kicked while it waits for the lock\\n", self) }
	od;
"""
FLUSH = """\
	if
	:: atomic { LOAD(self, STALE(self)) && CAN_STORE(self) ->
		STORE(self, STALE(self), 0);
		tlb[self] = NONE;
		printf("CPU %d: flushes its stale TLB\\n", self) }	/* [K12] */
	:: !LOAD(self, STALE(self))
	fi;
"""
LEAVE = """\
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), USER);
		printf("CPU %d: is about to be in user mode\\n", self) };	/* [K14] */
"""
NEW_FRAME = """\
	atomic { CAN_STORE(self) ->
		STORE(self, PTE(d), LOAD(self, PTE(d)) ^ 1);
		printf("CPU %d: directory %d gets another frame\\n", self, d) }	/* [K3] */
"""
INVLPG = """\
	if
	:: atomic { pgdir[self] == d && DRAINED(self) ->
		tlb[self] = NONE;
		printf("CPU %d: invlpg\\n", self) }	/* [K4] */
	:: pgdir[self] != d
	fi;
"""
GIVE_AWAY = """\
	atomic { dropped[d] = LOAD(self, PTE(d)) ^ 1;
		printf("CPU %d: the old frame of directory %d has another owner from here on\\n", self, d) }	/* [K6] */
"""

SHORTCUT = "	:: pgdir[self] == d && refs[d] <= 2 -> goto alone	/* [K18] */\n"

KICK: Dict[str, Mistake] = {
    "the frame is given away without waiting for kicked CPUs": Mistake("kick", ((
        "		:: c != self && pgdir[c] == d -> wait_kicked(c)\n",
        "		:: c != self && pgdir[c] == d -> skip\n"),)),
    "CPUs are told only if the directory is loaded here, too": Mistake("kick", ((
        SHORTCUT, "	:: refs[d] <= 2 -> goto alone\n"),)),
    "the CPU that shoots down is not counted among those that have the directory": Mistake("kick", ((
        SHORTCUT, "	:: pgdir[self] == d && refs[d] <= 3 -> goto alone\n"),),
        2, ("-DCHANGES=4", "-DCALLS=3")),
    "a stale TLB is flushed only where a trap takes the lock": Mistake("kick", ((
        "			:: atomic { LOAD(self, STALE(self)) && CAN_STORE(self) ->\n"
        "				STORE(self, STALE(self), 0);\n"
        "				tlb[self] = NONE;\n"
        '				printf("CPU %d: flushes its TLB, which is stale\\n", self) }\n'
        "			:: !LOAD(self, STALE(self))\n",
        "			:: true\n"),), 2, ("-DCHANGES=4", "-DCALLS=3")),
    "a CPU is told only if the env runs there": Mistake("kick", ((
        "		:: c != self && pgdir[c] == d ->\n			atomic { CAN_STORE(self) ->\n				STORE(self, STALE(c), 1);",
        "		:: c != self && current[c] != NONE && pgdir[c] == d ->\n"
        "			atomic { CAN_STORE(self) ->\n				STORE(self, STALE(c), 1);"),), 2, ("-DCHANGES=3",)),
    "a directory that a CPU has loaded has no reference for that": Mistake("kick", (
        ("		:: d != NONE -> refs[d]++	/* [K20] */\n		:: else\n", "		:: true\n"),
        ("		:: old != NONE -> drop_directory(old)	/* [K17] */\n		:: else\n", "		:: true\n"),
        ("			refs[i] = 2;\n", "			refs[i] = 1;\n"))),
    "the old directory is dropped before another one is loaded": Mistake("kick", (
        ("		:: old != NONE -> drop_directory(old)	/* [K17] */\n		:: else\n", "		:: true\n"),
        ("		old = pgdir[self];\n", "		old = pgdir[self];\n		if\n"
         "		:: old != NONE -> drop_directory(old)\n		:: else\n		fi;\n"))),
    "the CPU from which an env is taken does not choose another one": Mistake("kick", ((
        "	resched[c] = true					/* [K19] */\n", "	skip\n"),)),
    "other CPUs are not told that their TLB is stale": Mistake("kick", ((
        "				STORE(self, STALE(c), 1);\n", ""),)),
    "CPUs in user mode are not kicked": Mistake("kick", ((
        "		STORE(self, KICK(c), 1);\n		printf(\"CPU %d: CPU %d is in user mode",
        "		printf(\"CPU %d: CPU %d is in user mode"),)),
    "the CPU's own TLB keeps the translation": Mistake("kick", ((INVLPG, ""),)),
    "invlpg before the entry is changed": Mistake("kick", (
        (INVLPG, ""), (NEW_FRAME, INVLPG + NEW_FRAME))),
    "the frame is given away before CPUs are told": Mistake("kick", (
        (GIVE_AWAY, ""), (INVLPG, INVLPG + GIVE_AWAY.replace("from here on", "already")))),
    "the TLB is flushed before the lock is taken": Mistake("kick", (
        (FLUSH, ""), (TAKE_LOCK, FLUSH + TAKE_LOCK))),
    "the mark of a stale TLB is taken away without a flush": Mistake("kick", ((
        "		STORE(self, STALE(self), 0);\n		tlb[self] = NONE;\n",
        "		STORE(self, STALE(self), 0);\n"),)),
    "the status says user mode only after the lock is released": Mistake("kick", (
        (LEAVE, ""), ("	goto end_user;\n", LEAVE + "	goto end_user;\n"))),
    "the status says kernel before the registers are saved": Mistake("kick", (
        (SAVE, ""), (TAKE_LOCK, SAVE + TAKE_LOCK))),
    "the registers are saved after the lock is taken": Mistake("kick", (
        (SAVE, ""), (FLUSH, SAVE + FLUSH))),
    "the status says kernel only after the lock is taken": Mistake("kick", (
        (ENTER, ""), (FLUSH, ENTER + FLUSH))),
    "a trap is handled though its env has been taken off": Mistake("kick", ((
        "	:: current[self] == e ->		/* [K13] */\n", "	:: true ->\n"),)),
    "an env is taken off without waiting for its CPU": Mistake("kick", ((
        "		wait_kicked(c)			/* [K7] */\n", "		skip\n"),)),
    "the CPU from which an env is taken keeps it as its current one": Mistake("kick", ((
        "		current[c] = NONE;\n", ""),)),
    "an env is taken off without a kick if it seems to be in the kernel soon": Mistake("kick", ((
        "	:: LOAD(self, STATUS(c)) != USER\n	fi;\n	atomic { assert(", "	:: true\n	fi;\n	atomic { assert("),)),
    "the TLB is not flushed when another page directory is loaded": Mistake("kick", ((
        "			pgdir[self] = d;\n			tlb[self] = NONE;\n",
        "			pgdir[self] = d;\n"),)),
}

# Steps of halt.pml.
CLEAR_WOKEN = """\
	atomic { CAN_STORE(self) ->
		STORE(self, WOKEN(self), 0) };			/* [H6] */
"""
COUNT = """\
	atomic { CAN_STORE(self) ->
		STORE(self, COUNT, LOAD(self, COUNT) + !rest) };	/* [H7] */
"""
SAY_HALTED = """\
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), (rest -> RESTING : HALTED));
		printf("CPU %d: goes to sleep\\n", self) };	/* [H8] */
"""
RELEASE = """\
	atomic { DRAINED(self) ->
		locked = false;
		assert(memory[COUNT] >= NOT_WOKEN);	/* the count of halted CPUs is not too low */
		printf("CPU %d: releases the lock\\n", self) };	/* [H9] */
"""
MARK_WOKEN = """\
			atomic { CAN_STORE(self) ->
				STORE(self, WOKEN(c), 1);
				printf("CPU %d: marks CPU %d as woken\\n", self, c) }	/* [H2] */
"""
SEND_KICK = """\
			atomic { CAN_STORE(self) ->
				STORE(self, KICK(c), 1);
				printf("CPU %d: kicks CPU %d\\n", self, c) }	/* [H4] */
"""

HALT: Dict[str, Mistake] = {
    "the mark that it was woken is cleared after the lock is released": Mistake("halt", (
        (CLEAR_WOKEN, ""), (RELEASE, RELEASE + CLEAR_WOKEN)), 3),
    "the status says halted only after the lock is released": Mistake("halt", (
        (SAY_HALTED, ""), (RELEASE, RELEASE + SAY_HALTED)), 3),
    "it is counted as halted only after the lock is released": Mistake("halt", (
        (COUNT, ""), (RELEASE, RELEASE + COUNT)), 3),
    "a CPU that was woken looks only whether an env is runnable": Mistake("halt", ((
        '	:: atomic { LOAD(self, WOKEN(self)) ->\n'
        '		printf("CPU %d: sees that it has been woken\\n", self) } -> break	/* [H10] */\n'
        "	:: atomic { !LOAD(self, WOKEN(self)) ->",
        "	:: atomic { true ->"),), 3),
    "a kick is taken before hlt, because interrupts are on too early": Mistake("halt", ((
        'printf("CPU %d: sees no runnable env, and halts\\n", self) };\n',
        'printf("CPU %d: sees no runnable env, and halts\\n", self) };\n'
        "			if\n			:: !KICKED(self)\n			:: atomic { KICKED(self) -> KICKED(self) = 0;\n"
        '				printf("CPU %d: is interrupted just before hlt\\n", self) }\n			fi;\n'),)),
    "a CPU is woken without a kick": Mistake("halt", (("				STORE(self, KICK(c), 1);\n", ""),)),
    "a CPU is kicked before it is marked as woken": Mistake("halt", (
        (SEND_KICK, ""), (MARK_WOKEN, SEND_KICK + MARK_WOKEN)), 3),
    "a CPU is kicked, but not marked as woken": Mistake("halt", ((MARK_WOKEN, ""),), 3),
    "a CPU that was woken already is woken again": Mistake("halt", (
        ("LOAD(self, STATUS(c)) != HALTED || LOAD(self, WOKEN(c))", "LOAD(self, STATUS(c)) != HALTED"),
        ("LOAD(self, STATUS(c)) == HALTED && !LOAD(self, WOKEN(c))",
         "LOAD(self, STATUS(c)) == HALTED")), 3),
    "a CPU that was woken counts itself down, too": Mistake("halt", ((
        "LOAD(self, COUNT) - (!rest && !woken)", "LOAD(self, COUNT) - (!rest && LOAD(self, COUNT) > 0)"),), 3),
    "a CPU that rests is counted as halted on its way back": Mistake("halt", ((
        "LOAD(self, COUNT) - (!rest && !woken)", "LOAD(self, COUNT) - (!woken && LOAD(self, COUNT) > 0)"),), 3),
    "a CPU that rests leaves its env without waking another CPU": Mistake("halt", ((
        "		:: LOAD(self, RUNNABLE) > 0 -> wake_one()		/* [H16] */\n"
        "		:: else\n		fi;\n		goto halt",
        "		:: true\n		fi;\n		goto halt"),), 3),
    "a CPU says that all is done though another one runs an env": Mistake("halt", ((
        "	:: LOAD(self, RUNNABLE) == 0 && !OTHERS_RUN ->", "	:: LOAD(self, RUNNABLE) == 0 ->"),)),
    "an env is made runnable, and nobody is woken": Mistake("halt", ((
        "	/* [H5] */\n		wake_one()\n", "	/* [H5] */\n"),)),
}

# Steps of start.pml.
GIVE_STACK = """\
		atomic { CAN_STORE(self) ->
			STORE(self, KSTACK(n), n);
			printf("CPU 0: gives CPU %d a stack\\n", n) }	/* [S3] */
"""
STARTUP = """\
		atomic { DRAINED(self) ->
			told[n] = true;
			printf("CPU 0: sends STARTUP to CPU %d\\n", n) }	/* [S4] */
"""
SET_UP = """\
	atomic { true ->
		setting_up++;
		printf("CPU %d: sets itself up\\n", self);
		assert(setting_up == 1 && !boot_cpu_goes_on)	/* one CPU at a time sets itself up */
		};						/* [S11] */
	setting_up--;
"""
IS_SET_UP = """\
	atomic { CAN_STORE(self) ->
		STORE(self, STATUS(self), KERNEL);
		printf("CPU %d: is set up\\n", self) };		/* [S12] */
"""
ANSWER = """\
	set_first(self, STARTING);				/* [S10] */
	if
	:: !success -> goto stop
	:: success
	fi;
"""

START: Dict[str, Mistake] = {
    "the stack is there only after STARTUP": Mistake("start", (
        (GIVE_STACK, ""), (STARTUP, STARTUP + GIVE_STACK))),
    "all CPUs find their stack in the same place": Mistake("start", (
        ("#define KSTACK(c) (3 + (c))", "#define KSTACK(c) 3"),), 3),
    "who answers too late runs nevertheless": Mistake("start", ((
        "	:: !success -> goto stop\n	:: success\n	fi;\n", "	:: true\n	fi;\n"),)),
    "the status is looked at, and then set": Mistake("start", ((
        "		success = memory[STATUS(c)] == UNUSED;\n",
        "		success = memory[STATUS(c)] == UNUSED };\n	atomic {\n"),)),
    "the boot CPU declares it dead without looking": Mistake("start", ((
        "			set_first(n, DEAD)				/* [S6] */\n",
        "			atomic { DRAINED(self) -> memory[STATUS(n)] = DEAD }\n"),)),
    "the boot CPU does not wait until it is set up": Mistake("start", ((
        "		atomic { LOAD(self, STATUS(n)) != STARTING ->", "		atomic { true ->"),), 3),
    "the boot CPU waits for ever for an answer": Mistake("start", ((
        '		:: atomic { true -> printf("CPU 0: has waited long enough for CPU %d\\n", n) };\n'
        "			set_first(n, DEAD)				/* [S6] */\n", ""),
        ("	if\n	:: atomic { told[self] ->", "	if\n	:: told[self] -> goto stop\n	:: atomic { told[self] ->"))),
    "a CPU answers when it has set itself up": Mistake("start", (
        (SET_UP, ""), (ANSWER, SET_UP + ANSWER)), 3),
    "a CPU says that it is set up before it is": Mistake("start", (
        (IS_SET_UP, ""), (SET_UP, IS_SET_UP + SET_UP)), 3),
    "the boot CPU takes the lock after it has started the others": Mistake("start", (
        ('	atomic { !locked && DRAINED(self) ->\n		locked = true;\n'
         '		printf("CPU 0: takes the lock\\n") };		/* [S2] */\n', ""),
        ("	boot_cpu_goes_on = true;\n",
         "	atomic { !locked && DRAINED(self) -> locked = true };\n	boot_cpu_goes_on = true;\n"))),
}

MISTAKES: Dict[str, Mistake] = {
    f"{group}: {what}": mistake
    for group, mistakes in (("lock", LOCK), ("kick", KICK), ("halt", HALT), ("start", START))
    for what, mistake in mistakes.items()}
