/* What the models have in common: memory as an x86 processor shows it (total store order: SDM
 * volume 3, section 8.2, "Memory Ordering"), interrupts between CPUs, and a line of text for
 * each step.
 *
 * A store goes to the end of its CPU's store buffer. At any later time the process `drain' moves
 * the oldest one to memory. A load finds the newest store to its address in its own CPU's buffer,
 * or else memory. An operation with a lock prefix waits until the buffer is empty; so does a store
 * to the local APIC, which is uncacheable (SDM volume 3, sections 8.2.2 and 11.3, "Methods
 * of Caching Available"). Addresses are small numbers, to which each model gives names. */

#ifndef N
#define N 2			/* CPUs */
#endif
#define DEPTH 2			/* of a store buffer: a store waits while it is full */

byte memory[WORDS];
byte buffered[N];		/* how many stores are in each buffer */
byte address[N * DEPTH];	/* where they go, the oldest first */
byte value[N * DEPTH];
bool kicked[N];			/* an interrupt from another CPU is pending */

/* What CPU c loads from address a. */
#define LOAD(c, a) \
	(buffered[c] > 1 && address[(c) * DEPTH + 1] == (a) -> value[(c) * DEPTH + 1] : \
	(buffered[c] > 0 && address[(c) * DEPTH] == (a) -> value[(c) * DEPTH] : memory[a]))

/* Whether CPU c can store, and its store of v to address a. */
#define CAN_STORE(c) (buffered[c] < DEPTH)
#define STORE(c, a, v) \
	address[(c) * DEPTH + buffered[c]] = a; \
	value[(c) * DEPTH + buffered[c]] = v; \
	buffered[c]++

/* Whether all stores of CPU c have reached memory. */
#define DRAINED(c) (buffered[c] == 0)

proctype drain(byte c)
{
end:	do
	:: atomic { buffered[c] > 0 ->
		printf("CPU %d:     its store of %d to @%d reaches memory\n",
			c, value[c * DEPTH], address[c * DEPTH]);
		memory[address[c * DEPTH]] = value[c * DEPTH];
		address[c * DEPTH] = address[c * DEPTH + 1];
		value[c * DEPTH] = value[c * DEPTH + 1];
		address[c * DEPTH + 1] = 0;
		value[c * DEPTH + 1] = 0;
		buffered[c]-- }
	od
}
