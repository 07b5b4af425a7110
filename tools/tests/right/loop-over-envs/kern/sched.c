// One loop over the table of environments, by their indices.

//{ Exercise 6, helper: mask off the bits that the search has passed
// nothing: the loop below needs no helper
//}

//{ Exercise 6: find the env whose turn it is, round robin
	int begin = from - envs;
	int i = begin;

	do {
		i = i == NENV - 1 ? 0 : i + 1;
		if (envs[i].env_status == ENV_RUNNABLE)
			return envs + i;
	} while (i != begin);
	return NULL;
//}
