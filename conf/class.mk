# For a class: handing in work, and the autograder.

handin:
	@tr -d '\r' < tools/classroom/handin.sh | sh -s jos-lab$(LAB)-handin
autograder:
	@$(PYTHON) tools/classroom/autograder/bundle.py $(OBJDIR)/autograder.zip
	@echo "$(OBJDIR)/autograder.zip is for Gradescope, or any other place: see doc/grading.md"

tarball: handin

.PHONY: handin autograder tarball
