# Which lab this tree is: `make grade' runs grade-lab$(LAB).
LAB = 4
