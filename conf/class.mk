# For a class: handing in work, the autograder, grading a folder of hand-ins.

handin:
	@tr -d '\r' < tools/classroom/handin.sh | sh -s jos-lab$(LAB)-handin
autograder:
	@$(PYTHON) tools/classroom/autograder/bundle.py $(OBJDIR)/autograder.zip $(WEIGHTS)
	@echo "$(OBJDIR)/autograder.zip is for Gradescope, or any other place: see doc/grading.md"

tarball: handin

.PHONY: handin autograder tarball
#{ Not in the handout
grade-class:
	@$(PYTHON) tools/classroom/class/gradeclass.py '$(HANDINS)' --results '$(RESULTS)' \
		--weights '$(WEIGHTS)' --late '$(LATE)' --times '$(TIMES)' --hosts '$(HOSTS)' \
		--only '$(ONLY)'
.PHONY: grade-class
#}
