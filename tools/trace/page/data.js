"use strict";

// The data of a trace, as the page's program uses it. Times are nanoseconds.

// What goes wrong is shown, and left where tests look for it.
window.onerror = (message, file, line) => {
    document.documentElement.dataset.error = message + ", line " + line;
    document.getElementById("hint").textContent = "This page has a bug: " + message;
};

const $ = (id) => document.getElementById(id);
const svg = $("timeline");

const USER = 0, KERNEL = 1, IDLE = 2;       // 3: boots
const RUNNING = 0, READY = 1, BLOCKED = 2;

// Set by take(): the data, its envs, their numbers, and these as they are drawn, children after
// parents; when the first program runs.
let data, envs, rows, order, firstUse;

// Take new data.
function take(given) {
    data = given;
    envs = data.envs;
    for (const lane of data.cpus)
        addBegins(lane);
    countTimes();
    orderEnvs();
    chooseColours();
    firstUse = Math.min(data.length, ...data.cpus.map((lane) => {
        const i = lane.kind.indexOf(USER);
        return i < 0 ? data.length : lane.begin[i];
    }));
}

// When the slices of a CPU begin: one more, the end.
function addBegins(lane) {
    const n = lane.time.length;
    lane.begin = new Float64Array(n + 1);
    for (let i = 0; i < n; i++)
        lane.begin[i + 1] = lane.begin[i] + lane.time[i];
}

// The whole time each env runs.
function countTimes() {
    for (const env of envs)
        env.total = 0;
    for (const lane of data.cpus)
        lane.env.forEach((env, i) => { if (env >= 0) envs[env].total += lane.time[i]; });
}

// How deep each env is in the family tree.
function orderEnvs() {
    for (const env of envs)
        env.children = [];
    order = [];
    rows = envs.map((env, i) => i);
    rows.forEach((i) => { if (envs[i].parent >= 0) envs[envs[i].parent].children.push(i); });
    const pending = rows.filter((i) => envs[i].parent < 0).reverse().map((i) => [i, 0]);
    while (pending.length) {
        const [i, depth] = pending.pop();
        envs[i].depth = depth;
        order.push(i);
        for (const child of [...envs[i].children].reverse())
            pending.push([child, depth + 1]);
    }
}

// The number of the last entry that is not above a value; keys ascend.
function last(n, key, value) {
    let low = 0, high = n - 1;
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (key(middle) <= value)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

function duration(ns) {
    if (ns >= 1e6)
        return (ns / 1e6).toPrecision(4) + " ms";
    return ns >= 1000 ? (ns / 1000).toPrecision(4) + " µs" : Math.round(ns) + " ns";
}

const moment = (ns) => (ns / 1e6).toFixed(4) + " ms";
const title = (i) => i < 0 ? "no environment" : envs[i].id + " " + envs[i].program;
