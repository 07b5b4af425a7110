// The parent writes a text into a page and sends the page to its child. The child reads it,
// overwrites it with its answer, and sends the page back. Both print what they have received, and
// from whom.

#include <inc/lib.h>

#define PARENT_PAGE ((char *) 0x00a00000)
#define CHILD_PAGE  ((char *) 0x00b00000)

#define QUESTION    "hello child environment! how are you?"
#define ANSWER      "hello parent environment! I'm good."

static void post(envid_t to, char *page, const char *text)
{
	strcpy(page, text);
	ipc_send(to, 0, page, PTE_P | PTE_U | PTE_W);
}

// Wait for a page, map it at `page' and compare what it says. Returns the sender.
static envid_t collect(char *page, const char *expected, const char *role)
{
	envid_t sender;

	ipc_recv(&sender, page, NULL);
	cprintf("%x got message: %s\n", sender, page);
	if (strcmp(page, expected) == 0)
		cprintf("%s received correct message\n", role);
	return sender;
}

void umain(int argc, char **argv)
{
	envid_t child = fork();
	if (child < 0)
		panic("fork: %e", child);

	if (child == 0) {
		envid_t parent = collect(CHILD_PAGE, QUESTION, "child");
		post(parent, CHILD_PAGE, ANSWER);
		return;
	}

	int error = sys_page_alloc(0, PARENT_PAGE, PTE_P | PTE_U | PTE_W);
	if (error < 0)
		panic("sys_page_alloc: %e", error);
	post(child, PARENT_PAGE, QUESTION);
	collect(PARENT_PAGE, ANSWER, "parent");
}
