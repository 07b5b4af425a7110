// The page: the terminal, the list of programs, the source, the picture.

"use strict";

const PROMPT = "K> ", LOOK = 300;       // milliseconds from one look at the record to the next
const state = document.documentElement.dataset;     // what happens now, for tests, too
let facts, machine, terminal, own = null, reader = null, model = null, following = true;

// ---- Output and input ----

let line = "", output = [];

function onOutput(byte) {
    output.push(byte);
    if (output.length === 1)
        setTimeout(flush, 10);
    line = byte === 10 ? "" : line + String.fromCharCode(byte);
    if (line === PROMPT)
        say("monitor");
}

function flush() {
    terminal.write(Uint8Array.from(output));
    output = [];
}

function makeTerminal() {
    terminal = new Terminal({convertEol: true, scrollback: 5000, rows: 24, lineHeight: 1.1,
        theme: {background: "#14161a"}});
    terminal.open($("terminal"));
    terminal.onData((text) => machine.type(text));
    fitTerminal();
    window.addEventListener("resize", fitTerminal);
}

// 80 columns, in letters that can be read: fewer where there is no room for them.
function fitTerminal() {
    const room = $("terminal").clientWidth - 16, ratio = 0.605;
    const size = Math.max(10, Math.min(15, Math.floor(room / 80 / ratio)));
    terminal.options.fontSize = size;
    terminal.resize(Math.min(80, Math.floor(room / (size * ratio))), 24);
}

// ---- The machine ----

const SAYS = {loading: "loading", running: "running", monitor: "in the monitor: type help",
    paused: "paused", ended: "no machine"};

function say(what) {
    state.machine = what;
    $("state").textContent = SAYS[what];
    $("pause").textContent = what === "paused" ? "Go on" : "Pause";
}

let booting = Promise.resolve();

// Start a program on a new machine, when those before have ended.
function start(program) {
    booting = booting.then(() => boot(program)).catch((error) => {
        say("ended");
        $("note").textContent = "This does not start: " + error.message;
        state.error = error.message;
    });
    return booting;
}

async function boot(program) {
    say("loading");
    flush();
    terminal.reset();
    line = "";
    state.program = program;
    following = true;
    model = null;
    for (const button of document.querySelectorAll("#programs button")) {
        button.classList.toggle("chosen", button.textContent === program);
        if (button.textContent === program)
            button.hidden = false;
    }
    showSource(program);
    const {file, kind} = own || facts.kernel;
    reader = kind === "multiboot" ? new RecordReader(kernelSymbols(file),
        (address, size) => machine.read(address, size)) : null;
    if (reader && !reader.canRead())
        reader = null;
    $("note").textContent = !own ? "" : `Yours: ${own.name}.` + (reader ? "" :
        " It has no symbols, so there is no picture: obj/kern/kernel has them.");
    await machine.boot(file, kind, program);
    say("running");
}

$("pause").onclick = async () => {
    if (state.machine === "paused") {
        await machine.resume();
        say(line === PROMPT ? "monitor" : "running");
    } else if (machine.emulator && state.machine !== "loading") {
        await machine.pause();
        look();
        say("paused");
    }
};
$("restart").onclick = () => start(state.program);

// ---- The picture ----

function look() {
    const began = performance.now();
    try {
        if (reader && machine.emulator && state.machine !== "loading")
            readRecord();
    } catch (error) {
        reader = null;
        $("hint").textContent = "The kernel's record cannot be read: " + error.message;
    }
    return performance.now() - began;
}

function readRecord() {
    const events = reader.events();
    if (!events.length)
        return;
    model ||= new Model(1, KHZ, reader.programs(), facts.names);
    events.forEach((event) => model.add(event));
    state.events = model.events;
    if (model.length)
        drawRecord();
}

function drawRecord() {
    const names = envs ? envs.length : -1;
    take(model.data());
    if (chosen >= envs.length)
        chosen = -1;
    if (names !== envs.length)
        legend();
    if (following)
        fit();
    else
        redraw();
}

// Look again soon, but spend little of the time with that.
function keepLooking() {
    const cost = look();
    setTimeout(keepLooking, Math.max(LOOK, 5 * cost));
}

for (const name of ["wheel", "pointerdown"])
    svg.addEventListener(name, () => { following = false; }, {capture: true});
for (const name of ["in", "out", "all"])
    $(name).addEventListener("click", () => { following = false; }, {capture: true});
$("fit").addEventListener("click", () => { following = true; });

// ---- Programs and sources ----

function listPrograms() {
    for (const [name, {about, first}] of Object.entries(facts.programs)) {
        const button = document.createElement("button");
        Object.assign(button, {textContent: name, title: about, hidden: !first});
        button.onclick = () => start(name);
        $("programs").append(button);
    }
    $("more").onclick = () => {
        for (const button of $("programs").querySelectorAll("button"))
            button.hidden = false;
        $("more").remove();
    };
    $("programs").append($("more"));
}

const TOKEN = new RegExp(["(//.*|/\\*[^]*?\\*/)", "(\"(?:\\\\.|[^\"\\\\])*\"|'(?:\\\\.|[^'\\\\])*')",
    "(^[ \\t]*#[ \\t]*\\w+)", "\\b(auto|bool|break|case|char|const|continue|default|do|else|enum|" +
    "envid_t|extern|for|goto|if|int|long|return|short|size_t|sizeof|static|struct|switch|typedef|" +
    "u?int(?:8|16|32|64)_t|uintptr_t|union|unsigned|void|volatile|while)\\b"].join("|"), "gm");
const CLASSES = ["comment", "string", "before", "word"];

function showSource(program) {
    const {file, text} = facts.programs[program] || {file: "", text: ""}, source = $("source");
    $("file").textContent = file || "The source is not here.";
    source.replaceChildren();
    let at = 0;
    for (const found of text.matchAll(TOKEN)) {
        const part = document.createElement("span");
        part.className = CLASSES[found.slice(1).findIndex((group) => group !== undefined)];
        part.textContent = found[0];
        source.append(text.slice(at, found.index), part);
        at = found.index + found[0].length;
    }
    source.append(text.slice(at));
    source.scrollTop = 0;
}

// ---- A kernel of one's own ----

async function takeFile(file) {
    const bytes = await file.arrayBuffer(), kind = kindOf(bytes);
    if (!kind) {
        $("note").textContent = `${file.name} does not boot: give me obj/kern/kernel, a disk ` +
            "(obj/kern/kernel.img) or a CD (.iso).";
        return;
    }
    own = {name: file.name, file: bytes, kind};
    await start(state.program);
}

document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length)
        takeFile(event.dataTransfer.files[0]);
});
$("choose").onchange = () => takeFile($("choose").files[0]);

// ---- Beginning ----

async function load(name, kind) {
    const answer = await fetch(name);
    if (!answer.ok)
        throw new Error(`${name} is missing here`);
    return answer[kind]();
}

async function begin() {
    const [loaded, kernel, bios, vgabios, code] = await Promise.all([
        load("facts.json", "json"), load("kernel", "arrayBuffer"), load("bios.bin", "arrayBuffer"),
        load("vgabios.bin", "arrayBuffer"), load("v86.wasm", "arrayBuffer")]);
    facts = {...loaded, kernel: {file: kernel, kind: "multiboot"}};
    machine = new Machine({bios, vgabios, code: await WebAssembly.compile(code)}, onOutput);
    makeTerminal();
    listPrograms();
    keepLooking();
    const wanted = new URLSearchParams(location.search).get("run");
    await start(wanted in facts.programs ? wanted : "tour");
}

// A page from elsewhere than this machine has it only by https.
if (navigator.serviceWorker)
    navigator.serviceWorker.register("offline.js").catch(() => {});     // then it needs the network

begin().catch((error) => {
    state.error = error.message;
    $("state").textContent = location.protocol === "file:" ?
        "A browser loads nothing from a file: page. Run: python3 -m http.server" : error.message;
});
