# For a class: handing in work, and the autograder.

handin:
	@sh tools/classroom/handin.sh jos-lab$(LAB)-handin
autograder:
	@$(PYTHON) tools/classroom/autograder/bundle.py $(OBJDIR)/autograder.zip $(WEIGHTS)
	@echo "$(OBJDIR)/autograder.zip is for Gradescope, or any other place: see doc/grading.md"

tarball: handin

.PHONY: handin autograder tarball
