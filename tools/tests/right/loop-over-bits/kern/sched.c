// Bit by bit through the words of the run queue.

//{ Exercise 6, helper: mask off the bits that the search has passed
static bool can_run(uint32_t slot)
{
	return run_queue.words[slot / RUN_BITS] >> (slot % RUN_BITS) & 1;
}
//}

//{ Exercise 6: find the env whose turn it is, round robin
	uint32_t start = (uint32_t) (from - envs);

	if (run_queue.count == 0)
		return NULL;
	for (uint32_t step = 1; step <= NENV; step++)
		if (can_run((start + step) % NENV))
			return &envs[(start + step) % NENV];
	return NULL;
//}
