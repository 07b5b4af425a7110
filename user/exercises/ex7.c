// Checks of exercise 7: sys_exofork, sys_env_set_status, sys_page_alloc, sys_page_map,
// sys_page_unmap.

#include "check.h"
#include "ex7status.h"

#define PAGE  ((volatile uint32_t *) 0x10000000) // the next page is in the same page table
#define OTHER ((volatile uint32_t *) 0x10400000) // in another page table
#define NONE  ((void *) 0x18000000)              // there is no page table for it
#define STACK ((void *) (USTACKTOP - PGSIZE))

// ---- Envs ----

// The child's registers must be the caller's just after this system call, except for eax.
envid_t call_exofork(void);
extern char after_exofork[];
uintptr_t esp_then;
static const struct PushRegs regs_then = {.reg_edi = 0xd1d1d1d1,
					  .reg_esi = 0x51515151,
					  .reg_ebp = 0xb9b9b9b9,
					  .reg_ebx = 0xb0b0b0b0,
					  .reg_edx = 0xd0d0d0d0,
					  .reg_ecx = 0xc0c0c0c0};

asm(".pushsection .text\n"
    "call_exofork:\n"
    "	pushal\n"
    "	movl $0xd1d1d1d1, %edi; movl $0x51515151, %esi; movl $0xb9b9b9b9, %ebp\n"
    "	movl $0xb0b0b0b0, %ebx; movl $0xd0d0d0d0, %edx; movl $0xc0c0c0c0, %ecx\n"
    "	movl %esp, esp_then; movl $7, %eax; stc\n"
    "	int $48\n"
    "after_exofork:\n"
    "	movl %eax, 28(%esp); popal; ret\n"
    ".popsection\n");
static_assert(SYS_exofork == 7 && T_SYSCALL == 48);

static void exofork(void)
{
	envid_t child = MUST(call_exofork());
	const volatile struct Env *e = &envs[ENVX(child)];
	struct Trapframe tf = e->env_tf;

	if (e->env_id != child || e->env_parent_id != sys_getenvid())
		fail("the child is env %08x, its parent %08x; the result was %08x, and we are %08x",
		     e->env_id, e->env_parent_id, child, sys_getenvid());
	if (tf.tf_regs.reg_eax != 0)
		fail("the child's eax is %x: the child must get the result 0", tf.tf_regs.reg_eax);
	tf.tf_regs.reg_eax = tf.tf_regs.reg_oesp = 0;
	if (memcmp(&tf.tf_regs, &regs_then, sizeof(regs_then)) != 0)
		fail("the child's general registers are not the parent's: copy its env_tf");
	if (tf.tf_eip != (uintptr_t) after_exofork || tf.tf_esp != esp_then ||
	    !(tf.tf_eflags & FL_CF))
		fail("the child's eip, esp or eflags is not the parent's: copy its env_tf");
	for (int i = 0; i < 10; i++)
		sys_yield();
	if (e->env_status != ENV_NOT_RUNNABLE || e->env_runs > 0)
		fail("the child can run: it has no memory yet, so it must be ENV_NOT_RUNNABLE");
	EXPECT(sys_page_map(child, (void *) UTEXT, 0, NONE, RO), -E_INVAL,
	       "a new env has no memory, and no page table for it");
	sys_env_destroy(child);
}

// The control word of the floating-point unit with other than the usual rounding.
static const uint16_t ROUND_UP = 0x0b7f;
static volatile uint16_t childs_word;

static void store_word(void)
{
	asm volatile("fnstcw %0" : "=m"(childs_word));
	exit();
}

// Floating-point registers are the caller's, too.
static void fpu(void)
{
	struct Trapframe tf = {.tf_eip = (uintptr_t) store_word, .tf_esp = USTACKTOP - 20};

	asm volatile("fldcw %0" : : "m"(ROUND_UP));
	envid_t child = make_child(&tf);
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	if (!ends(child) || childs_word != ROUND_UP)
		fail("the child's floating-point control word is %x, not %x as the parent's when "
		     "it called sys_exofork: call fpu_copy",
		     childs_word, ROUND_UP);
}

static envid_t child_id; // as the child has found it
static int child_result; // of a call that it must not be allowed

// A child that has a copy of the stack returns from sys_exofork, too.
static void run(void)
{
	envid_t parent = sys_getenvid(), child = MUST(sys_exofork());

	if (child == 0) {
		child_result = sys_page_alloc(parent, NONE, RW);
		child_id = sys_getenvid();
		exit();
	}
	share_program(child);
	MUST(sys_page_alloc(0, UTEMP, RW));
	memcpy(UTEMP, STACK, PGSIZE);
	MUST(sys_page_map(0, UTEMP, child, STACK, RW));
	MUST(sys_page_unmap(0, UTEMP));
	child_id = 0;
	EXPECT(sys_env_set_status(child, ENV_RUNNABLE), 0, "it was ENV_NOT_RUNNABLE");
	if (!ends(child) || child_id != child)
		fail("the child does not return 0 from sys_exofork, or does not get its memory");
	expect_result("sys_page_alloc for its parent", child_result, -E_BAD_ENV,
		      "a child may not change its parent: envid2env checks that");
	sys_env_destroy(child);
}

// ---- Pages ----

static int alloc_at(void *pg, int perm)
{
	return sys_page_alloc(0, pg, perm);
}

static int map_from(void *pg, int perm)
{
	return sys_page_map(0, pg, 0, (void *) OTHER, perm);
}

static int map_to(void *pg, int perm)
{
	return sys_page_map(0, (void *) PAGE, 0, pg, perm);
}

static int unmap_at(void *pg, int perm)
{
	return sys_page_unmap(0, pg);
}

// Make a call with addresses and rights that it must refuse. Then it must not change anything.
static void refuses(const char *name, int (*call)(void *pg, int perm), bool checks_rights)
{
	static const uintptr_t places[] = {(uintptr_t) PAGE + 1,
					   (uintptr_t) PAGE + PGSIZE / 2,
					   0,
					   UMIN - PGSIZE,
					   UTOP - 1,
					   UPAGES - PGSIZE, // nothing is mapped there
					   UTOP,
					   KERNBASE};
	static const uint32_t rights[] = {0,
					  PTE_P,
					  PTE_U,
					  PTE_P | PTE_W,
					  PTE_U | PTE_W,
					  RW | PTE_PS,
					  RW | PTE_PCD,
					  RW | PTE_PWT,
					  RW | PTE_A,
					  RW | PTE_D,
					  RW | PTE_G,
					  RW | 0x1000,
					  RW | 0x80000000,
					  -1};
	uint32_t frames = free_frames();
	pte_t page = uvpt[PGNUM(PAGE)], other = uvpt[PGNUM(OTHER)];
	char what[60];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(what, sizeof(what), "%s address %08x", name, places[i]);
		cprintf("%s:%s: tries %s\n", binaryname, check_name, what);
		int r = call((void *) places[i], RO);
		expect_result(what, r, -E_INVAL,
			      places[i] % PGSIZE ? "it is not the start of a page"
			      : places[i] < UTOP ? "what is below UMIN is never mapped"
						 : "what is not below UTOP is the kernel's");
		if (r == 0 && places[i] >= UTOP)
			exit(); // the kernel's memory may be damaged
	}
	for (size_t i = 0; checks_rights && i < ARRAY_SIZE(rights); i++) {
		snprintf(what, sizeof(what), "%s perm %x", name, rights[i]);
		cprintf("%s:%s: tries %s\n", binaryname, check_name, what);
		expect_result(what, call((void *) PAGE, rights[i]), -E_INVAL,
			      (rights[i] & RO) != RO ? "PTE_U and PTE_P must be there"
						     : "it has a bit that is not in PTE_SYSCALL");
	}
	if (free_frames() != frames || PTE_ADDR(uvpt[PGNUM(PAGE)] ^ page) ||
	    PTE_ADDR(uvpt[PGNUM(OTHER)] ^ other))
		fail("%s: calls that return an error have changed mappings or lost frames: check "
		     "all arguments first",
		     name);
}

// The page at va must be in this frame (0: in any frame), with these rights and refs references.
static void expect_page(const char *what, volatile void *va, physaddr_t frame, int perm, int refs)
{
	pte_t pte = mapped((uintptr_t) va) ? uvpt[PGNUM(va)] : 0;

	if (!(pte & PTE_P))
		fail("%s: no page is mapped", what);
	else if (frame && PTE_ADDR(pte) != frame)
		fail("%s: it is not the frame of the source", what);
	else if ((pte & PTE_SYSCALL) != perm)
		fail("%s: the rights are %x instead of %x", what, pte & PTE_SYSCALL, perm);
	else if (references(va) != refs)
		fail("%s: the frame has %u references, not %d: let page_insert count them", what,
		     references(va), refs);
}

// A call for a child must not have mapped its page in us, at NONE.
static void expect_not_ours(const char *what)
{
	if (mapped((uintptr_t) NONE))
		fail("%s maps it in the caller: call page_insert with the child's page directory",
		     what);
}

static void alloc(void)
{
	static const int rights[] = {RO, RW, RW | PTE_AVAIL};
	envid_t child = MUST(sys_exofork());

	EXPECT(sys_page_alloc(child, NONE, RW), 0, "for a child");
	expect_not_ours("sys_page_alloc of a child's page");
	sys_env_destroy(child);
	MUST(sys_page_alloc(0, (void *) PAGE, RW));
	MUST(sys_page_alloc(0, (void *) OTHER, RW));
	uint32_t frames = free_frames();
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		MUST(sys_page_alloc(0, (void *) PAGE, RW));
		memset((void *) PAGE, 0xee, PGSIZE);
		MUST(sys_page_unmap(0, (void *) PAGE));
		EXPECT(sys_page_alloc(0, (void *) PAGE, rights[i]), 0, "these rights are allowed");
		expect_page("a new page", PAGE, 0, rights[i], 1);
		for (size_t n = 0; n < PGSIZE / 4; n++)
			if (PAGE[n] != 0) {
				fail("a new page is not zeroed: page_alloc(ALLOC_ZERO) does that");
				break;
			}
	}
	EXPECT(sys_page_alloc(0, (void *) PAGE, RW), 0, "a new page may replace another one");
	if (free_frames() != frames)
		fail("%u frames were free, now %u: when a page is replaced, drop the old one",
		     frames, free_frames());
	refuses("sys_page_alloc", alloc_at, true);
	EXPECT(sys_page_alloc(0, (void *) UMIN, RW), 0, "the lowest page that is allowed");
	EXPECT(sys_page_alloc(0, (void *) UTOP - PGSIZE, RW), 0,
	       "the highest page that is allowed");
}

// Each call must look for the page anew: in its env, and in the env that it is now. Destroys the
// child.
static void expect_looked_up(envid_t child)
{
	MUST(sys_page_alloc(child, (void *) PAGE, RW));
	MUST(sys_page_map(0, (void *) PAGE, 0, (void *) OTHER, RW));
	MUST(sys_page_map(child, (void *) PAGE, 0, (void *) OTHER, RW));
	if (PTE_ADDR(uvpt[PGNUM(OTHER)]) == PTE_ADDR(uvpt[PGNUM(PAGE)]))
		fail("sys_page_map of a child's page maps that which the caller has at the same "
		     "address: look it up in each call, a static variable keeps the last one");
	sys_env_destroy(child);
	while (envs[ENVX(child)].env_status != ENV_FREE)
		sys_yield();
	child = MUST(sys_exofork());
	EXPECT(sys_page_map(child, (void *) PAGE, 0, (void *) OTHER, RO), -E_INVAL,
	       "a new env has no pages: look them up in each call, a static variable keeps those "
	       "of "
	       "the last env");
	sys_env_destroy(child);
}

static void map(void)
{
	envid_t child = MUST(sys_exofork());

	MUST(sys_page_alloc(0, (void *) PAGE, RW));
	MUST(sys_page_alloc(0, (void *) OTHER, RW));
	physaddr_t frame = PTE_ADDR(uvpt[PGNUM(PAGE)]);
	EXPECT(sys_page_map(0, (void *) PAGE, child, NONE, RW), 0, "into a child");
	expect_not_ours("sys_page_map into a child");
	EXPECT(sys_page_map(child, NONE, 0, (void *) OTHER, RO), 0,
	       "from a child: look the page up in its page directory, not in the caller's");
	expect_page("from us to a child and back", OTHER, frame, RO, 3);
	EXPECT(sys_page_map(0, (void *) OTHER, 0, NONE, RW), -E_INVAL,
	       "the source has it read-only: check PTE_W in its entry");
	EXPECT(sys_page_map(0, (void *) PAGE, 0, (void *) PAGE, RO), 0, "onto itself");
	expect_page("onto itself, read-only", PAGE, frame, RO, 3);
	EXPECT(sys_page_map(child, NONE, 0, (void *) PAGE, RW), 0, "the source has it writable");
	expect_page("in place of a read-only mapping", PAGE, frame, RW, 3);
	MUST(sys_page_unmap(child, NONE));
	if (references(PAGE) != 2)
		fail("sys_page_unmap of a child's page does not unmap it: call page_remove with "
		     "the "
		     "child's page directory, not the caller's");
	for (int perm = RO; perm <= RW; perm += RW - RO) {
		EXPECT(sys_page_map(child, NONE, 0, (void *) OTHER, perm), -E_INVAL,
		       "no page is there: see what page_lookup returns");
		EXPECT(sys_page_map(0, NONE, 0, (void *) OTHER, perm), -E_INVAL,
		       "no page table is there: see what page_lookup returns");
	}
	expect_looked_up(child);
	refuses("sys_page_map from", map_from, true);
	refuses("sys_page_map to", map_to, false);
}

static void unmap(void)
{
	envid_t child = MUST(sys_exofork());

	MUST(sys_page_alloc(0, (void *) OTHER, RW));
	MUST(sys_page_alloc(0, (void *) PAGE, RW));
	MUST(sys_page_map(0, (void *) PAGE, child, (void *) PAGE, RW));
	EXPECT(sys_page_unmap(child, (void *) PAGE), 0, "a child's page");
	if (!mapped((uintptr_t) PAGE))
		fail("sys_page_unmap of a child's page unmaps the caller's: call page_remove with "
		     "the child's page directory");
	else
		expect_page("after a child's mapping has gone", PAGE, 0, RW, 1);
	refuses("sys_page_unmap", unmap_at, false);
	MUST(sys_page_alloc(0, (void *) PAGE, RW));
	uint32_t frames = free_frames();
	EXPECT(sys_page_unmap(0, (void *) PAGE), 0, "our page");
	if (mapped((uintptr_t) PAGE) || free_frames() != frames + 1)
		fail("the page is still mapped, or its frame is not free: page_remove does both");
	EXPECT(sys_page_unmap(0, (void *) PAGE), 0, "no page is there, which is no error");
	EXPECT(sys_page_unmap(child, NONE), 0, "no page table is there, which is no error");
	sys_env_destroy(child);
}

// ---- Limits, and others ----

static void limits(void)
{
	int used = 0, r = 0;

	for (int i = 0; i < NENV; i++)
		used += envs[i].env_status != ENV_FREE;
	while (used <= NENV && (r = sys_exofork()) > 0)
		used++;
	expect_result("sys_exofork with all envs in use", r, -E_NO_FREE_ENV,
		      "return what env_alloc returns");
	if (used != NENV)
		fail("sys_exofork has made %d envs too few: does a call take more than one?",
		     NENV - used);
	destroy_children();

	MUST(sys_page_alloc(0, (void *) PAGE, RW));
	uint32_t n = take_frames();
	EXPECT(sys_exofork(), -E_NO_MEM, "return what env_alloc returns");
	EXPECT(sys_page_map(0, (void *) PAGE, 0, NONE, RW), -E_NO_MEM,
	       "there is no frame for a page table: return what page_insert returns");
	give_frames(n, n - 1);
	EXPECT(sys_page_alloc(0, NONE, RW), -E_NO_MEM,
	       "there is a frame for the page, but none for its page table");
	EXPECT(sys_page_alloc(0, (void *) TAKEN, PTE_P), -E_INVAL, "perm has no PTE_U");
	EXPECT(sys_page_alloc(0, (void *) UTOP - 1, RW), -E_INVAL, "not the start of a page");
	EXPECT(sys_page_alloc(-1, (void *) TAKEN, RW), -E_BAD_ENV, "no such env");
	EXPECT(sys_page_alloc(0, (void *) PAGE + PGSIZE, RW), 0,
	       "a call that failed has lost the last frame: check all arguments "
	       "first, and call page_free if page_insert fails");
	give_frames(n - 1, 0);
	MUST(sys_page_unmap(0, (void *) PAGE + PGSIZE));
}

// No call may accept this id.
static void refuses_env(envid_t id, const char *hint)
{
	void *page = (void *) PAGE;

	MUST(sys_page_alloc(0, page, RW));
	EXPECT(sys_env_set_status(id, ENV_NOT_RUNNABLE), -E_BAD_ENV, hint);
	EXPECT(sys_page_alloc(id, page, RW), -E_BAD_ENV, hint);
	EXPECT(sys_page_map(id, (void *) UTEXT, 0, page, RO), -E_BAD_ENV, hint);
	EXPECT(sys_page_map(0, page, id, page, RO), -E_BAD_ENV, hint);
	EXPECT(sys_page_unmap(id, page), -E_BAD_ENV, hint);
}

static void ids(void)
{
	envid_t child = MUST(sys_exofork());

	refuses_env(-1, "no env has the id -1: return what envid2env returns");
	refuses_env(child + 0x1000, "this env does not exist yet: return what envid2env returns");
	sys_env_destroy(child);
	refuses_env(child, "this env has ended: return what envid2env returns");
}

static void stranger(void)
{
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && &envs[i] != thisenv) {
			refuses_env(envs[i].env_id, "the env is neither the caller nor its child: "
						    "call envid2env with checkperm");
			return;
		}
	fail("there is no other program; run this together with yield");
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"exofork", exofork},
		{"run", run},
		{"status", status},
		{"alloc", alloc},
		{"fpu", fpu},
		{"itself", itself},
		{"elsewhere", elsewhere},
		{"map", map},
		{"unmap", unmap},
		{"limits", limits},
		{"ids", ids},
		{"stranger", stranger}, // RUN="ex7:stranger yield"
	};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}
