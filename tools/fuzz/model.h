// What the contracts in inc/lib.h speak of: envs, their memory, their messages. The model is told
// what a contract leaves to the kernel: which frame a page gets, which slot an env gets, when an
// env that nobody can start ends, how much is free.

#ifndef JOS_FUZZ_MODEL_H
#define JOS_FUZZ_MODEL_H

#include <inc/env.h>
#include <inc/trap.h>
#include <inc/types.h>

// The parts of the address space in which pages are mapped here, of 4 MB each: from UMIN on, the
// next one, and the last one below UTOP.
enum { PARTS = 3 };

enum ModelState {
	GONE,
	RUNS, // or can run
	STOPPED,
	RECEIVES, // waits in sys_ipc_recv
	SENDS,    // waits in sys_ipc_send
};

struct ModelEnv {
	enum ModelState state;
	envid_t id, parent;
	struct Trapframe tf;
	uint32_t upcall;
	bool in_call; // it has made a call, which the kernel has not begun with
	bool again;   // when it runs, it makes the call again that it has been taken out of
	bool named;   // a call has named it since it was compared last

	// Memory.
	bool has_table[PARTS];
	uint32_t pte[PARTS][1024]; // frame and rights, 0: nothing mapped

	// The last message, and where its page is wanted.
	uint32_t value, dst;
	envid_t from;
	int perm;

	// The message that waits to be sent.
	struct ModelMessage {
		struct ModelEnv *to;
		uint32_t number; // counts the calls of sys_ipc_send
		uint32_t value, frame;
		int perm;
	} message;
};

extern struct ModelEnv model[NENV];

// Of each frame: how many pages it is, or waits to become; what all its words are.
struct ModelFrame {
	uint32_t pages, content;
};
extern struct ModelFrame model_frames[];

// Before a call: what the kernel has left. With fail_nth, the nth allocation fails; 0: none.
extern uint32_t model_free_frames, model_free_slots, model_fail_nth;

// The entry for a page of an env; NULL if pages cannot be mapped there, or not here.
uint32_t *model_pte(struct ModelEnv *e, uint32_t va);

// Whether a program may use the byte at va; then its value is *byte, unless byte is NULL.
bool model_readable(struct ModelEnv *e, uint32_t va, uint8_t *byte);

// Whether n frames more cannot be had.
bool model_lacks(uint32_t n);

// Whether there is no page table for va.
bool model_lacks_table(struct ModelEnv *e, uint32_t va);

// Map a frame, in place of what was there.
void model_map(struct ModelEnv *e, uint32_t va, uint32_t frame, int perm);
void model_unmap(struct ModelEnv *e, uint32_t va);

// Return the frame that the kernel has mapped at va. It must have been free.
uint32_t model_new_frame(struct ModelEnv *e, uint32_t va);

// Take a message out of the queue; its sender has the result r.
void model_end_sending(struct ModelEnv *e, int r);

// End an env.
void model_end(struct ModelEnv *e);

// End the envs that nobody can start, where the kernel has done so.
void model_end_orphans(void);

// A new env in the slot, without registers.
struct ModelEnv *model_new_env(envid_t id, envid_t parent);

// Compare with the kernel, and end by fail() where it differs: all envs or, of those that no call
// has named since the last time, all but their memory.
void model_compare(bool all);

#endif
