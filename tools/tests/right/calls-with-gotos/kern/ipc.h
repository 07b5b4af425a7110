// No challenge is done: nobody waits to send.

//{ Exercise 15, helpers: deliver a message, or wait until it can be delivered
// nothing: sys_ipc_try_send does it itself
//}
