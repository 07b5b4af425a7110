// The PS/2 keyboard: from scan codes to characters. The callers hold the kernel lock.

#include <kern/kbd.h>

#include <inc/string.h>
#include <inc/x86.h>

enum {
	KBD_STATUS = 0x64,
	KBD_DATA = 0x60,
	STATUS_FULL = 0x01,  // there is a byte to read
	STATUS_MOUSE = 0x20, // but it is the mouse's

	// Scan codes, set 1. When a key is released, RELEASED is added to its code.
	RELEASED = 0x80,
	PREFIX = 0xe0, // the next code is that of an extended key
	KEY_CTRL = 0x1d,
	KEY_LEFT_SHIFT = 0x2a,
	KEY_RIGHT_SHIFT = 0x36,
	KEY_CAPS_LOCK = 0x3a,
	KEY_KEYPAD_SLASH = 0x35, // with PREFIX, as are the next two
	KEY_KEYPAD_ENTER = 0x1c,
	KEY_DELETE = 0x53,
};

// The characters of a US keyboard, by scan code, without and with shift; 0 for none.
static const char plain[] =
	"\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static bool shift[2]; // left, right
static bool ctrl, caps, prefixed;

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// If this key is a modifier, store its state. Returns whether it is.
static bool update_modifier(int key, bool down)
{
	switch (key) {
	case KEY_LEFT_SHIFT:
	case KEY_RIGHT_SHIFT:
		if (!prefixed) // with PREFIX, keyboards send these codes around those of arrow keys
			shift[key == KEY_RIGHT_SHIFT] = down;
		return true;
	case KEY_CTRL: // with PREFIX it is the right one
		ctrl = down;
		return true;
	case KEY_CAPS_LOCK:
		caps ^= down;
		return true;
	default:
		return false;
	}
}

static int extended_key(int key)
{
	switch (key) {
	case KEY_KEYPAD_SLASH:
		return '/';
	case KEY_KEYPAD_ENTER:
		return '\n';
	case KEY_DELETE:
		return 0x7f;
	default:
		return 0;
	}
}

static int plain_key(size_t key)
{
	bool up = shift[0] || shift[1];
	if (key >= sizeof(plain) - 1)
		return 0;

	char c = plain[key];
	if (is_letter(c) && caps)
		up = !up;
	if (up)
		c = shifted[key];
	return ctrl && is_letter(c) ? c & 0x1f : c;
}

int kbd_getc(void)
{
	uint8_t status;

	while ((status = inb(KBD_STATUS)) & STATUS_FULL) {
		uint8_t code = inb(KBD_DATA);

		if (status == 0xff)
			return 0; // no keyboard controller
		if (status & STATUS_MOUSE)
			continue;
		if (code == PREFIX) {
			prefixed = true;
			continue;
		}

		int key = code & ~RELEASED, c = 0;
		if (!update_modifier(key, !(code & RELEASED)) && !(code & RELEASED))
			c = prefixed ? extended_key(key) : plain_key(key);
		prefixed = false;
		if (c)
			return c;
	}
	return 0;
}
