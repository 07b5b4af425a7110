// What a handout has in kern/vectors.h instead of solutions.

//{ Exercise 13: interrupt requests 0 to 15
// exercise(13): lines for the interrupt requests 0 to 15
//}
