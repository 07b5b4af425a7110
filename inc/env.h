#ifndef JOS_INC_ENV_H
#define JOS_INC_ENV_H

#include <inc/memlayout.h>
#include <inc/trap.h>
#include <inc/types.h>

typedef int32_t envid_t;

// An env id is positive, and names the same env until its slot has been used 2^19 - 1 times more:
//
//	 31  30                       12 11  10 9              0
//	+---+---------------------------+------+----------------+
//	| 0 | generation, counted from 1 |  0   | index in envs[] |
//	+---+---------------------------+------+----------------+
//
// 0 stands for the calling env. The first env is 00001000.
#define LOG2NENV 10
#define NENV     (1 << LOG2NENV)
#define ENVX(id) ((id) & (NENV - 1))

enum {
	ENV_FREE = 0,     // this slot holds no env
	ENV_DYING,        // being taken apart; seen by nobody but the CPU that does it
	ENV_RUNNABLE,     // waits for a CPU
	ENV_RUNNING,      // runs on CPU env_cpunum
	ENV_NOT_RUNNABLE, // being set up, stopped, or waiting in sys_ipc_recv or sys_ipc_send
};

enum EnvType {
	ENV_TYPE_USER = 0,
};

// Whether the flag for single-stepping, FL_TF, is the monitor's doing. Once it was, the program
// may have it in flags it has saved.
enum EnvStepping { STEP_NEVER = 0, STEP_NOW, STEP_EARLIER };

struct Program;

// One environment. Programs see the whole table read-only at UENVS as envs[].
// Every field is protected by the big kernel lock, with one exception: while the env is
// ENV_RUNNING, env_tf belongs to its CPU, which fills it on the way into the kernel before it
// waits for the lock, and reads it on the way out after it has released it. Whoever else wants to
// change it takes the env off its CPU first.
struct Env {
	struct Trapframe env_tf; // user registers while it does not run
	struct Env *env_link;    // next on the free list
	envid_t env_id;
	envid_t env_parent_id; // 0 for an env the kernel made
	enum EnvType env_type;
	unsigned env_status; // one of the above
	uint32_t env_runs;   // how many times it was given a CPU
	int env_cpunum;      // the CPU it runs on, or ran on last

	pde_t *env_pgdir;         // kernel virtual address of its page directory
	void *env_pgfault_upcall; // page-fault entry point, NULL for none

	// IPC. While env_ipc_recving is set the env waits; the rest is what it got.
	bool env_ipc_recving;
	void *env_ipc_dstva; // where it wants a page, at or above UTOP for no page
	uint32_t env_ipc_value;
	envid_t env_ipc_from;
	int env_ipc_perm; // rights on the page received, 0 when none came

	// Sending. Who waits in sys_ipc_send stands in the receiver's queue: a ring, as each is
	// linked to the one behind it and the last to the first.
	struct Env *env_last_sender;    // of those who wait to send to this env; NULL for none
	struct Env *env_sending_to;     // whom this one waits for, NULL when it does not
	struct Env *env_next_sender;    // its link in the queue there
	uint32_t env_send_value;        // while it waits, what it sends;
	struct PageInfo *env_send_page; // NULL for no page, else this counts as a reference
	int env_send_perm;
	struct Env *env_sent_to; // whom it has called sys_ipc_send for last

	// Only the kernel looks at these.
	const struct Program *env_program; // what it was loaded from, for symbols
	enum EnvStepping env_stepping;     // whether the monitor single-steps it
	void *env_fpu; // a frame with its floating-point registers, NULL before their first use
};

#endif
