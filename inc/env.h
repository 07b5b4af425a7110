// Environments: their ids, states and types, and the table entry of each. For the kernel and for
// programs, which see the table read-only.

#ifndef JOS_INC_ENV_H
#define JOS_INC_ENV_H

#include <inc/memlayout.h>
#include <inc/trap.h>
#include <inc/types.h>

typedef int32_t envid_t;

// An env id is positive. It names the same env until its slot has been used another 2^19 - 1 times:
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
	ENV_DYING,        // has ended; its memory is being freed
	ENV_RUNNABLE,     // waits for a CPU
	ENV_RUNNING,      // runs on CPU env_cpunum
	ENV_NOT_RUNNABLE, // being set up, stopped, or waiting in sys_ipc_recv or sys_ipc_send
};

enum EnvType {
	ENV_TYPE_USER = 0,
};

// Whether the monitor has set FL_TF, the single-step flag: never, for the next instruction, or at
// some time before. In the last case the program may still load it from flags that it has saved.
enum EnvStepping { ENV_STEP_NEVER = 0, ENV_STEP_NOW, ENV_STEP_EARLIER };

struct Program;

// One environment. Programs see the whole table read-only at UENVS as envs[].
// Every field is protected by the big kernel lock, with one exception: while the env is
// ENV_RUNNING, env_tf belongs to its CPU, which fills it on the way into the kernel before it
// waits for the lock, and reads it on the way out after it has released it. Another CPU that wants
// to change it takes the env off its CPU first.
struct Env {
	struct Trapframe env_tf; // user registers; while it runs, its CPU uses it without the lock
	struct Env *env_link;    // next on the free list
	envid_t env_id;          // its CPU reads it without the lock
	envid_t env_parent_id;   // 0 for an env the kernel made
	enum EnvType env_type;
	unsigned env_status; // one of the above
	uint32_t env_runs;   // how many times it has been given a CPU
	int env_cpunum;      // the CPU it runs on, or has run on last
	int env_time_left;   // of its share of the current round, in clock ticks; negative: it owes
			     // them

	pde_t *env_pgdir;         // kernel virtual address of its page directory
	void *env_pgfault_upcall; // page-fault entry point, NULL for none

	// Flags of the kernel. (Here, because together with env_ipc_recving they fill one word.)
	bool env_fpu_used;        // it has used floating point; before, its registers are clean
	bool env_pgdir_is_loaded; // when it ended, another CPU had its page directory loaded

	// Receiving. While env_ipc_recving is set the env waits; then the last message is here.
	bool env_ipc_recving;
	void *env_ipc_dstva; // where it wants a page, at or above UTOP for no page
	uint32_t env_ipc_value;
	envid_t env_ipc_from; // the sender; its CPU reads it without the lock
	int env_ipc_perm;     // rights on the page received, 0 if there was none

	// Sending. The envs that wait in sys_ipc_send form a queue at their receiver. It is a ring:
	// each is linked to the next, and the last to the first.
	struct Env *env_last_sender;    // the last that waits to send to this env, or NULL
	struct Env *env_sending_to;     // the receiver that this env waits for, or NULL
	struct Env *env_next_sender;    // the next in the queue of that receiver
	uint32_t env_send_value;        // the message that waits: its value,
	struct PageInfo *env_send_page; // its page, with a reference to it, or NULL,
	int env_send_perm;              // and the rights on that

	// Used by the kernel only.
	const struct Program *env_program; // what it was loaded from, for symbols
	enum EnvStepping env_stepping;     // whether the monitor single-steps it
	void *env_fpu; // where its floating-point registers are saved; its CPU reads it without the
		       // lock
	uint16_t env_children; // how many envs have it as their parent
	uint16_t env_freed;    // when it is ENV_DYING: the page tables below this one are empty
};

#endif
