#include <kern/options.h>

#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#define DEFAULT_RUN "tour"

struct Options options;

// QEMU's firmware configuration device: docs/specs/fw_cfg in QEMU's sources. A 16-bit selector
// chooses an item, whose bytes then come one by one. Numbers in the directory are big-endian.
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

// Read the option called name into buf[size], terminated. Returns false where there is none.
static bool read_option(const char *name, char *buf, size_t size)
{
	fw_cfg_select(FW_CFG_DIRECTORY);
	for (uint32_t n = fw_cfg_read_be32(); n > 0; n--) {
		struct FwCfgFile file;

		fw_cfg_read(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)) != 0)
			continue;
		uint32_t len = __builtin_bswap32(file.size);
		if (len >= size) {
			cprintf("Option %s is cut to %u characters\n", name, size - 1);
			len = size - 1;
		}
		fw_cfg_select(__builtin_bswap16(file.select));
		fw_cfg_read(buf, len);
		buf[len] = '\0';
		return true;
	}
	return false;
}

static bool read_switch(const char *name)
{
	char value[8];

	return read_option(name, value, sizeof(value)) && strcmp(value, "0") != 0;
}

static bool read_number(const char *name, uint32_t *number)
{
	char value[12];

	if (!read_option(name, value, sizeof(value)))
		return false;
	*number = strtol(value, NULL, 10);
	return true;
}

void options_init(void)
{
	strcpy(options.run, DEFAULT_RUN);
	if (!fw_cfg_present())
		return;
	read_option("opt/jos/run", options.run, sizeof(options.run));
	options.seeded = read_number("opt/jos/seed", &options.seed);
	read_number("opt/jos/stop", &options.stop);
	read_number("opt/jos/trace", &options.trace_ms);
	options.exit = read_switch("opt/jos/exit");
	options.audit = read_switch("opt/jos/audit");
}
