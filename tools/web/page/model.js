// What recorded events mean: who did what where, from when to when, and who woke whom. This is
// tools/trace/tracemodel.py over again, for a record that grows. The result is what
// tools/trace/page draws.

"use strict";

const IN_USER_MODE = "user mode", NOT_STARTED = "not started yet", BOOTS = "boots";
const ASLEEP = "sleeps: nothing to run", RESTS = "rests: would only wait", WOKEN = "looks for work";
const BOOT = 3;                 // a kind of slice, besides those in data.js

class Model {
    // names says what the numbers of events, system calls and traps are called.
    constructor(cpus, khz, programs, names) {
        Object.assign(this, {khz, programs, names, first: null, length: 0, events: 0});
        this.envs = [];
        this.lanes = Array.from({length: cpus}, (_, cpu) =>
            [{cpu, begin: 0, end: 0, kind: BOOT, env: -1, what: NOT_STARTED}]);
        this.locks = Array.from({length: cpus}, () => []);
        this.kicks = [];
        this.byId = new Map();
        this.bySlot = new Map();
        this.waiting = new Map();       // calls that have not come back, by env
        this.received = [];
        this.sent = [];
    }

    add(event) {
        if (this.first === null)
            this.first = event.time;
        this.events++;
        // (The emulator's counter goes back at times.)
        this.length = Math.max(this.length,
            Math.floor((event.time - this.first) * 1e6 / this.khz));
        const name = this.names.events[event.type];
        if (name && this["on" + name])
            this["on" + name](event, this.length);
    }

    // ---- What a CPU does ----

    begin(event, time, kind, what, arg = "") {
        const lane = this.lanes[event.cpu], env = event.env ? this.env(event.env, time).number : -1;
        const part = {cpu: event.cpu, begin: time, end: time, kind, env, what, arg, result: ""};
        lane[lane.length - 1].end = time;
        lane.push(part);
        return part;
    }

    onCALL(event, time) {
        const number = event.arg & 0xff, arg = event.arg >>> 8;
        const what = this.names.calls[number] || `system call ${number}`;
        const part = this.begin(event, time, KERNEL, what, arg), other = this.bySlot.get(arg);
        this.waiting.set(part.env, part);
        if (what === "sys_env_set_status" && other && !other.started)
            other.started = time;
        if (["sys_ipc_send", "sys_ipc_try_send"].includes(what) && other)
            this.sent.push([part, other.number]);
    }

    onFAULT(event, time) {
        this.begin(event, time, KERNEL, this.names.traps[14], (event.arg & 0xfffff) * 4096);
    }

    onTRAP(event, time) {
        this.begin(event, time, KERNEL, this.names.traps[event.arg] || `trap ${event.arg}`);
    }

    onRESUME(event, time) {
        const part = this.begin(event, time, USER, IN_USER_MODE), env = this.envs[part.env];
        env.firstRun ??= time;
        const call = this.waiting.get(part.env);
        if (call)
            call.result = event.arg - (event.arg >> 23 ? 1 << 24 : 0);
        this.waiting.delete(part.env);
    }

    onRECEIVED(event, time) {
        const receiver = this.byId.get(event.env);
        if (receiver && this.waiting.has(receiver.number))
            this.received.push({slot: event.arg, receiver: receiver.number, time,
                call: this.waiting.get(receiver.number)});
    }

    onHALT(event, time) {
        this.begin(event, time, IDLE, event.arg ? RESTS : ASLEEP).env = -1;
    }

    onAWAKE(event, time) {
        this.begin(event, time, KERNEL, WOKEN).env = -1;
    }

    onLOCK_WAIT(event, time) {
        if (this.inKernel(event, time).kind !== BOOT)
            this.locks[event.cpu].push([time, 0]);
    }

    onLOCK_TAKEN(event, time) {
        const wait = this.locks[event.cpu].at(-1);
        if (wait)
            wait[1] ||= time;
    }

    onKICK(event, time) {
        this.kicks.push([time, event.cpu, event.arg]);
    }

    // What the CPU does now; at first, that is to boot.
    inKernel(event, time) {
        const now = this.lanes[event.cpu].at(-1);
        return now.what === NOT_STARTED ? this.begin({...event, env: 0}, time, BOOT, BOOTS) : now;
    }

    // ---- Envs ----

    onNEW(event, time) {
        const making = this.inKernel(event, time), slot = event.env % 1024;
        const env = this.addEnv(event.env, time);
        const parent = event.arg === slot ? undefined : this.bySlot.get(event.arg);
        if (parent)
            Object.assign(env, {parent: parent.number, program: parent.program, making,
                started: null});
        this.bySlot.set(slot, env);
    }

    addEnv(id, time) {
        const env = {number: this.envs.length, id, parent: -1, program: "?", begin: time,
            making: null, started: time, firstRun: null, end: null};
        this.envs.push(env);
        this.byId.set(id, env);
        return env;
    }

    // The env with this id; it is new if nothing has been said about it.
    env(id, time) {
        return this.byId.get(id) || this.addEnv(id, time);
    }

    onPROGRAM(event, time) {
        this.env(event.env, time).program = this.programs[event.arg];
    }

    onEND(event, time) {
        this.env(event.env, time).end = time;
    }

    // For each message received, the call that sent it: the first one so far, of that sender to
    // that receiver, that did not fail.
    messages() {
        const found = [], underWay = new Map();
        const sent = this.sent.filter(([call]) => !call.result);
        let next = 0;
        for (const {slot, receiver, time, call} of this.received) {
            for (; next < sent.length && sent[next][0].begin <= time; next++) {
                const [send, to] = sent[next];
                const key = this.envs[send.env].id % 1024 + " " + to;
                if (!underWay.has(key))
                    underWay.set(key, []);
                underWay.get(key).push(send);
            }
            const send = (underWay.get(slot + " " + receiver) || []).shift();
            if (send)
                found.push({sender: send.env, receiver, call: send, received: time,
                    delivered: Math.max(send.begin, call.begin)});
        }
        return found;
    }

    // ---- The result ----

    // The data that tools/trace/page draws, of what has been added so far.
    data() {
        const texts = new Texts(), messages = this.messages();
        const lanes = this.lanes.map((lane) => {
            lane.at(-1).end = this.length;
            return lane.filter((part) => part.end > part.begin);
        });
        const columns = lanes.map((lane) => ({
            time: lane.map((part) => part.end - part.begin), kind: lane.map((part) => part.kind),
            env: lane.map((part) => part.env), what: lane.map((part) => texts.number(part.what)),
            arg: lane.map((part) => part.arg ?? ""), result: lane.map((part) => part.result ?? ""),
        }));
        return {
            length: this.length,
            envs: this.envs.map((env) => ({id: env.id.toString(16).padStart(8, "0"),
                program: env.program, parent: env.parent, begin: env.begin,
                end: env.end ?? this.length})),
            cpus: columns,
            locks: this.locks.map((waits) => waits.map(([begin, end]) =>
                [begin, end || this.length])),
            states: new States(this, lanes, messages).all(texts),
            messages: messages.map((one) => [one.sender, one.call.begin, one.receiver,
                one.received]),
            forks: this.envs.filter((env) => env.parent >= 0 && env.firstRun !== null).map(
                (env) => [env.parent, env.making.begin, env.number, env.firstRun]),
            kicks: this.kicks,
            texts: texts.all,
        };
    }
}

// Texts that occur often, each replaced by its number.
class Texts {
    constructor() { this.all = []; this.numbers = new Map(); }
    number(text) {
        if (!this.numbers.has(text)) {
            this.numbers.set(text, this.all.length);
            this.all.push(text);
        }
        return this.numbers.get(text);
    }
}

// What each env did: it runs, or could, or waits for another one.
class States {
    constructor(model, lanes, messages) {
        this.model = model;
        this.delivered = new Map();     // when a call's wait was over
        this.readyAt = model.envs.map(() => []);
        this.runs = model.envs.map(() => []);
        for (const one of messages) {
            this.delivered.set(one.sender + " " + one.call.begin, one.delivered);
            this.readyAt[one.receiver].push(one.delivered);
        }
        for (const lane of lanes)
            for (const part of lane)
                if (part.env >= 0)
                    this.runs[part.env].push(part);
    }

    all(texts) {
        return this.model.envs.map((env) => this.of(env).map(([begin, end, state, more]) =>
            [begin, end, state, state === RUNNING ? more : texts.number(more)]));
    }

    of(env) {
        const found = [], length = this.model.length;
        const runs = this.runs[env.number].sort((a, b) => a.begin - b.begin);
        const first = env.firstRun ?? length, started = Math.min(env.started ?? first, first);
        this.messages = this.readyAt[env.number].sort((a, b) => a - b);
        this.next = 0;
        addState(found, env.begin, started, BLOCKED, "being made");
        let at = started, before = null;
        for (const part of runs) {
            if (part.begin > at)
                this.addGap(found, at, part.begin, before);
            addState(found, Math.max(part.begin, at), part.end, RUNNING, part.cpu);
            at = Math.max(at, part.end);
            before = part;
        }
        const end = env.end ?? length;
        if (at < end)
            this.addGap(found, at, end, before);
        return found;
    }

    // The states between two runs: blocked for a while perhaps, then ready.
    addGap(found, begin, end, before) {
        let ready = begin;
        if (before?.what === "sys_ipc_recv") {
            while (this.messages[this.next] < before.begin)
                this.next++;
            ready = this.messages[this.next++] ?? end;
        } else if (before?.what === "sys_ipc_send") {
            ready = this.delivered.get(before.env + " " + before.begin) ?? end;
        }
        ready = Math.min(Math.max(ready, begin), end);
        addState(found, begin, ready, BLOCKED, before ? before.what : "");
        addState(found, ready, end, READY, "");
    }
}

function addState(found, begin, end, state, more) {
    const last = found.at(-1);
    if (last && last[1] === begin && last[2] === state && last[3] === more)
        last[1] = end;
    else if (end > begin)
        found.push([begin, end, state, more]);
}
