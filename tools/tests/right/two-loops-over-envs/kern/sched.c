// First the environments after the given one, then those up to it, by pointers.

//{ Exercise 6, helper: mask off the bits that the search has passed
static struct Env *runnable_in(struct Env *first, const struct Env *end)
{
	for (; first != end; first++)
		if (first->env_status == ENV_RUNNABLE)
			return first;
	return NULL;
}
//}

//{ Exercise 6: find the env whose turn it is, round robin
	struct Env *after = &envs[from - envs + 1];
	struct Env *found = runnable_in(after, &envs[NENV]);

	return found ? found : runnable_in(envs, after);
//}
