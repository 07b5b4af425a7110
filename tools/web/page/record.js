// The record of events that the kernel writes (kern/trace.h), read from the memory of the machine.

"use strict";

const KERNBASE = 0xf0000000, EVENT_SIZE = 16, NAME_MOST = 16;

// The symbols of a kernel's file, which is ELF: a Map from names to addresses.
function kernelSymbols(file) {
    const view = new DataView(file), found = new Map();
    const headers = view.getUint32(32, true), size = view.getUint16(46, true);
    const section = (n) => headers + n * size;
    for (let n = 0; n < view.getUint16(48, true); n++) {
        if (view.getUint32(section(n) + 4, true) !== 2)     // SHT_SYMTAB
            continue;
        const names = view.getUint32(section(view.getUint32(section(n) + 24, true)) + 16, true);
        const begin = view.getUint32(section(n) + 16, true);
        const end = begin + view.getUint32(section(n) + 20, true);
        for (let at = begin; at < end; at += 16)
            found.set(textAt(new Uint8Array(file), names + view.getUint32(at, true)),
                view.getUint32(at + 4, true));
    }
    return found;
}

function textAt(bytes, at, most = Infinity) {
    let text = "";
    for (; bytes[at] && text.length < most; at++)
        text += String.fromCharCode(bytes[at]);
    return text;
}

// Reads the record of a kernel, with these symbols, of one CPU. read(address, size) returns
// physical memory.
class RecordReader {
    constructor(symbols, read) {
        this.symbols = symbols;
        this.read = read;
        this.done = 0;          // how many events have been read
    }

    // Whether the kernel has what is read here.
    canRead() {
        return ["buffers", "programs", "programs_end"].every(
            (name) => this.symbols.has(name));
    }

    memory(address, size) {
        const bytes = this.read(address - KERNBASE, size);
        return new DataView(bytes.slice().buffer);
    }

    word(address) {
        return this.memory(address, 4).getUint32(0, true);
    }

    programs() {
        const names = [], end = this.symbols.get("programs_end");
        for (let at = this.symbols.get("programs"); at < end; at += 16)
            names.push(textAt(new Uint8Array(this.memory(this.word(at), NAME_MOST).buffer), 0,
                NAME_MOST - 1));
        return names;
    }

    // The events that have been recorded since the last call.
    events() {
        const buffer = this.memory(this.symbols.get("buffers"), 8);
        const first = buffer.getUint32(0, true), count = buffer.getUint32(4, true), found = [];
        if (first < KERNBASE || count <= this.done)
            return found;
        const memory = this.memory(first + this.done * EVENT_SIZE,
            (count - this.done) * EVENT_SIZE);
        for (let at = 0; at < memory.byteLength; at += EVENT_SIZE)
            found.push(eventAt(memory, at, 0));
        this.done = count;
        return found;
    }
}

function eventAt(memory, at, cpu) {
    const word = memory.getUint32(at + 12, true);
    return {cpu, env: memory.getUint32(at + 8, true), type: word & 0xff, arg: word >>> 8,
        time: memory.getUint32(at, true) + memory.getUint32(at + 4, true) * 2 ** 32};
}
