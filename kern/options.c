// Reading the boot options. Runs on the boot CPU before the others start, so without a lock.

#include <kern/options.h>

#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#define DEFAULT_RUN "tour"

struct Options options;

// QEMU's firmware configuration device (docs/specs/fw_cfg in QEMU's sources). A 16-bit selector
// chooses an item, whose bytes are then read one by one. Numbers in the directory are big-endian.
enum {
	FW_CFG_SELECT = 0x510,
	FW_CFG_DATA = 0x511,
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_DIRECTORY = 0x19,
};

struct FwCfgFile {
	uint32_t size;
	uint16_t select;
	uint16_t reserved;
	char name[56];
};

static void fw_cfg_select(uint16_t item)
{
	outw(FW_CFG_SELECT, item);
}

static void fw_cfg_read(void *dst, size_t len)
{
	insb(FW_CFG_DATA, dst, len);
}

static uint32_t fw_cfg_read_be32(void)
{
	uint32_t value;

	fw_cfg_read(&value, sizeof(value));
	return __builtin_bswap32(value);
}

static bool fw_cfg_present(void)
{
	char signature[4];

	fw_cfg_select(FW_CFG_SIGNATURE);
	fw_cfg_read(signature, sizeof(signature));
	return memcmp(signature, "QEMU", 4) == 0;
}

// The options, and their names on the device.
enum { RUN, SEED, STOP, TRACE, EXIT, AUDIT, NOPTIONS };

static const char *const names[] = {
	[RUN] = "opt/jos/run",     [SEED] = "opt/jos/seed", [STOP] = "opt/jos/stop",
	[TRACE] = "opt/jos/trace", [EXIT] = "opt/jos/exit", [AUDIT] = "opt/jos/audit",
};

// Their entries in the directory; select is 0 if an option was not given.
static struct FwCfgFile files[NOPTIONS];

static void find_options(void)
{
	fw_cfg_select(FW_CFG_DIRECTORY);
	for (uint32_t n = fw_cfg_read_be32(); n > 0; n--) {
		struct FwCfgFile file;

		fw_cfg_read(&file, sizeof(file));
		for (int i = 0; i < NOPTIONS; i++)
			if (strncmp(file.name, names[i], sizeof(file.name)) == 0)
				files[i] = file;
	}
}

// Read an option into buf, which has size bytes, and end it with a 0 byte. Returns whether the
// option was given.
static bool read_option(int option, char *buf, size_t size)
{
	const struct FwCfgFile *file = &files[option];
	uint32_t len = __builtin_bswap32(file->size);

	if (!file->select)
		return false;
	if (len >= size) {
		cprintf("Option %s is cut to %u characters\n", names[option], size - 1);
		len = size - 1;
	}
	fw_cfg_select(__builtin_bswap16(file->select));
	fw_cfg_read(buf, len);
	buf[len] = '\0';
	return true;
}

// Return whether an option was given and is not 0.
static bool read_switch(int option)
{
	char value[8];

	return read_option(option, value, sizeof(value)) && strcmp(value, "0") != 0;
}

// Store an option in *number if it was given. Returns whether it was.
static bool read_number(int option, uint32_t *number)
{
	char value[12];

	if (!read_option(option, value, sizeof(value)))
		return false;
	*number = strtol(value, NULL, 10);
	return true;
}

void options_init(void)
{
	strcpy(options.run, DEFAULT_RUN);
	if (!fw_cfg_present())
		return;
	find_options();
	read_option(RUN, options.run, sizeof(options.run));
	options.seeded = read_number(SEED, &options.seed);
	read_number(STOP, &options.stop);
	read_number(TRACE, &options.trace_ms);
	options.exit = read_switch(EXIT);
	options.audit = read_switch(AUDIT);
}
