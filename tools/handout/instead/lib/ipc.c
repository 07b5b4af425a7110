// What a handout has in lib/ipc.c instead of solutions.

//{ Exercise 15: a challenge, send and wait for the answer in one call
	ipc_send(to, val, pg, perm); // a challenge: in one system call
	return ipc_recv(from, rcv_pg, rcv_perm);
//}
