// The machine: the emulator v86 with the kernel and what it is to run.

"use strict";

// The kernel measures how fast the time-stamp counter counts, by clocks that are too coarse here. The
// emulator's counts KHZ in a millisecond. So that a wrong measure does not end the record early,
// TRACE_MS is very long.
const MEMORY = 64 << 20, TRACE_MS = 2000000000, KHZ = 1000000;

// What a file is that somebody wants to boot: a kernel, a disk, a CD, or nothing known ("").
function kindOf(file) {
    const bytes = new Uint8Array(file);
    if (bytes[0] === 0x7f && textAt(bytes, 1, 3) === "ELF")
        return "multiboot";
    if (textAt(bytes, 0x8001, 5) === "CD001")
        return "cdrom";
    return bytes.length >= 512 && bytes[510] === 0x55 && bytes[511] === 0xaa ? "hda" : "";
}

class Machine {
    // files has what does not change: the BIOS, the VGA BIOS, the emulator's code.
    constructor(files, onOutput) {
        this.files = files;
        this.onOutput = onOutput;
        this.emulator = null;
        this.clock = null;              // the time-stamp counter while the machine pauses
    }

    // Boot a file of this kind, which starts this program. Ends when the machine runs.
    async boot(file, kind, program) {
        await this.end();
        const emulator = this.emulator = new V86({
            wasm_fn: async (imports) =>
                (await WebAssembly.instantiate(this.files.code, imports)).exports,
            bios: {buffer: this.files.bios}, vga_bios: {buffer: this.files.vgabios},
            [kind]: {buffer: file.slice(0)}, memory_size: MEMORY, vga_memory_size: 2 << 20,
            acpi: true, fastboot: true, autostart: false,
            disable_keyboard: true, disable_mouse: true, disable_speaker: true,
        });
        emulator.add_listener("serial0-output-byte", (byte) => {
            if (emulator === this.emulator)
                this.onOutput(byte);
        });
        await new Promise((ready) => emulator.add_listener("emulator-ready", ready));
        // The kernel reads its options (kern/options.h) where QEMU would have them. The emulator
        // gives out as such files what it calls option ROMs.
        const option = (name, value) =>
            ({name: "opt/jos/" + name, data: new TextEncoder().encode(value)});
        emulator.v86.cpu.option_roms.push(option("run", program),
            option("trace", String(TRACE_MS)));
        this.clock = null;
        await emulator.run();
    }

    async end() {
        const emulator = this.emulator;
        this.emulator = null;
        if (emulator)
            await emulator.destroy();
    }

    // Stop or go on; the time in which the machine does not run, it does not see.
    async pause() {
        const cpu = this.emulator.v86.cpu;
        await this.emulator.stop();
        cpu.store_current_tsc();
        this.clock = [...cpu.current_tsc];
    }

    async resume() {
        this.emulator.v86.cpu.set_tsc(...this.clock);
        this.clock = null;
        await this.emulator.run();
    }

    type(text) {
        if (this.emulator)
            this.emulator.serial0_send(text);
    }

    read(address, size) {
        return this.emulator.read_memory(address, size);
    }
}
