// The console: output to and input from all its devices. Output has a lock of its own; input needs
// the kernel lock.

#include <kern/console.h>

#include <inc/stdio.h>
#include <inc/x86.h>

#include <kern/cga.h>
#include <kern/cpu.h>
#include <kern/kbd.h>
#include <kern/serial.h>
#include <kern/spinlock.h>

// Protects the devices' output, and the variables below. Itself, it is used without a lock.
static struct spinlock cons_lock = {.name = "console"};

// Protected by the console lock.
static bool line_open;  // the last byte written was not the end of a line
static int line_author; // who wrote it, as author() says

// Who is writing: the env that this CPU works for, or the CPU itself.
static int author(void)
{
	return curenv ? curenv->env_id : -1 - cpunum();
}

void cons_init(void)
{
	serial_init();
	cga_init();
}

void cons_putc(int c)
{
	serial_putc(c);
	cga_putc(c);
	line_open = c != '\n';
}

void cons_begin(void)
{
	spin_lock(&cons_lock);
	if (line_open && line_author != author())
		cons_putc('\n');
	line_author = author();
}

void cons_end(void)
{
	cga_flush();
	spin_unlock(&cons_lock);
}

void cons_write(const char *s, size_t len)
{
	cons_begin();
	while (len-- > 0)
		cons_putc(*s++);
	cons_end();
}

void cons_take_over(void)
{
	spin_break(&cons_lock);
}

int cons_getc(void)
{
	int c = serial_getc();

	return c ? c : kbd_getc();
}

// ---- Functions of inc/stdio.h ----

void cputchar(int c)
{
	char byte = c;

	cons_write(&byte, 1);
}

int getchar(void)
{
	int c;

	while ((c = cons_getc()) == 0)
		// The timer ends each sleep. Without one, look again at once.
		if (lapicaddr)
			sti_hlt_cli();
	return c;
}

int iscons(int fd)
{
	return 1;
}
