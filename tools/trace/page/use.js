// What the user can do: look elsewhere, ask what something is, choose an env.

// ---- The view ----

const SHORTEST = 200;   // nanoseconds

function show(begin, end) {
    const length = Math.min(data.length, Math.max(SHORTEST, end - begin));
    begin = Math.max(0, Math.min(data.length - length, begin));
    view = [begin, begin + length];
    redraw();
}

function zoom(factor, at = (view[0] + view[1]) / 2) {
    const length = Math.min(data.length, Math.max(SHORTEST, (view[1] - view[0]) * factor));
    const share = (at - view[0]) / (view[1] - view[0]);
    show(at - share * length, at + (1 - share) * length);
}

function move(share) {
    const by = (view[1] - view[0]) * share;
    show(view[0] + by, view[1] + by);
}

const fit = () => show(firstUse - (data.length - firstUse) * 0.01, data.length);
const all = () => show(0, data.length);

$("in").onclick = () => zoom(0.5);
$("out").onclick = () => zoom(2);
$("fit").onclick = svg.ondblclick = fit;
$("all").onclick = all;
$("save").onclick = save;
svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
        move(event.deltaX / width);
    else
        zoom(Math.exp(event.deltaY * 0.002), timeAt(event.offsetX));
}, {passive: false});
let dragged = null;
svg.onpointerdown = (event) => {
    dragged = {from: event.clientX, view: [...view]};
    svg.setPointerCapture(event.pointerId);
};
svg.onpointerup = svg.onpointercancel = () => {
    dragged = null;
    svg.classList.remove("dragged");
};
document.addEventListener("keydown", (event) => {
    const keys = {"+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
        "0": fit, "a": all, "s": save, ArrowLeft: () => move(-0.25), ArrowRight: () => move(0.25)};
    const typing = event.target instanceof Element && event.target.matches("input, select, textarea");
    if (keys[event.key] && !typing && !event.ctrlKey && !event.metaKey) {
        keys[event.key]();
        event.preventDefault();
    }
});
window.addEventListener("resize", redraw);

// ---- The picture as a file ----

// Return it with the colours and letters that this page gives it: as a file it is on its own.
function picture() {
    const style = getComputedStyle(document.body), copy = svg.cloneNode(true);
    const height = svg.getAttribute("height"), size = {width, height};
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
        .filter((rule) => /^#timeline (text|\.)/.test(rule.selectorText))
        .map((rule) => rule.cssText.replace("#timeline ", ""));

    for (const name of ["id", "tabindex", "class"])
        copy.removeAttribute(name);
    for (const [name, value] of Object.entries({...size, viewBox: `0 0 ${width} ${height}`}))
        copy.setAttribute(name, value);
    copy.prepend(node("style", {}, [`svg { font-family: ${style.fontFamily}; }`, ...rules].join("\n")),
        node("rect", {...size, fill: "var(--panel)"}));
    return new XMLSerializer().serializeToString(copy)
        .replace(/var\((--\w+)\)/g, (whole, name) => style.getPropertyValue(name).trim());
}

function save() {
    const link = document.createElement("a");
    link.href = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture());
    link.download = document.title.replace(/\W+/g, "-") + ".svg";
    link.click();
}

// ---- What is under the pointer ----

function about(cpu, time) {
    const lane = data.cpus[cpu], i = last(lane.time.length, (k) => lane.begin[k], time);
    const env = lane.env[i], what = data.texts[lane.what[i]];
    const lines = [title(env)];
    let did = what;
    if (lane.arg[i] !== "" && what.startsWith("sys_ipc") && what.endsWith("send")) {
        const to = lane.arg[i].toString(16);
        did += " to the env in slot 0x" + to;
    } else if (lane.arg[i] !== "" && what === "Page Fault") {
        did += " at 0x" + lane.arg[i].toString(16);
    }
    if (lane.result[i] !== "")
        did += ", result " + lane.result[i];
    lines.push(`CPU ${cpu}, ${["", "kernel: ", "", ""][lane.kind[i]]}${did}`);
    lines.push(`${moment(lane.begin[i])} – ${moment(lane.begin[i + 1])}: ` +
        duration(lane.time[i]));
    const waits = data.locks[cpu];
    for (const [begin, end] of waits)
        if (begin >= lane.begin[i] && end <= lane.begin[i + 1])
            lines.push(`waited ${duration(end - begin)} of it for the kernel lock`);
    const pixel = (view[1] - view[0]) / (width - LEFT - RIGHT);
    const n = last(lane.time.length, (k) => lane.begin[k], time + pixel) - i;
    if (n > 2)
        lines.push(`and ${n} more in this pixel`);
    return lines;
}

function aboutEnv(env, time) {
    const states = data.states[env], lines = [title(env)];
    if (!states.length || time < envs[env].begin || time > envs[env].end)
        return [...lines, time > envs[env].end ? "has ended" : "does not exist yet"];
    const [begin, end, state, more] = states[last(states.length, (k) => states[k][0], time)];
    lines.push(state === RUNNING ? `runs on CPU ${more}` : state === READY
        ? "ready: waits for a CPU" : `waits in ${data.texts[more] || "the kernel"}`);
    lines.push(`${moment(begin)} – ${moment(end)}: ${duration(end - begin)}`);
    return lines;
}

function aboutArrow(text) {
    const [kind, i] = text.split(" ");
    const [from, begin, to, end] = (kind === "fork" ? data.forks : data.messages)[i];
    return [`${title(from)} ${kind === "fork" ? "makes" : "sends to"} ${title(to)}`,
        `${moment(begin)}; there after ${duration(end - begin)}`];
}

function describe(event) {
    const time = timeAt(event.offsetX), y = event.offsetY, target = event.target.dataset;
    if (target.arrow)
        return aboutArrow(target.arrow);
    if (target.tip)
        return [target.tip];
    if (time < view[0] || time > view[1])
        return [];
    const cpu = Math.floor((y - AXIS - CPU_GAP) / (CPU_HEIGHT + CPU_GAP));
    if (cpu >= 0 && cpu < data.cpus.length)
        return y <= cpuTop(cpu) + CPU_HEIGHT ? about(cpu, time) : [];
    const row = Math.floor((y - envTop) / envHeight);
    return row >= 0 && row < shown.length ? aboutEnv(shown[row], time) : [];
}

svg.onpointermove = (event) => {
    const tip = $("tip");
    if (dragged) {
        const by = (dragged.from - event.clientX) / (width - LEFT - RIGHT) *
            (dragged.view[1] - dragged.view[0]);
        svg.classList.add("dragged");
        show(dragged.view[0] + by, dragged.view[1] + by);
    }
    const lines = dragged ? [] : describe(event);
    tip.style.display = lines.length ? "block" : "none";
    tip.textContent = lines.join("\n");
    tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 16, window.innerHeight - tip.offsetHeight - 8) + "px";
};
svg.onpointerleave = () => { $("tip").style.display = "none"; };

// ---- Legend ----

// Few envs have names here, those that run most. Their part of all running is told.
function legend() {
    const NAMED = 6, box = $("legend");
    box.replaceChildren();
    const item = (tag, html, text) => {
        const made = document.createElement(tag);
        made.innerHTML = html;
        made.append(text);
        box.append(made);
        return made;
    };
    const running = envs.reduce((sum, env) => sum + env.total, 0) || 1;
    const top = [...rows].sort((a, b) => envs[b].total - envs[a].total || a - b).slice(0, NAMED);
    for (const env of top) {
        const made = item("button", `<i style="background:${envs[env].colour}"></i>`,
            `${title(env)} ${(envs[env].total / running * 100).toFixed(0)} %`);
        made.onclick = () => {
            chosen = chosen === env ? -1 : env;
            for (const other of box.querySelectorAll("button"))
                other.classList.toggle("chosen", other === made && chosen >= 0);
            redraw();
        };
    }
    const rest = envs.length - top.length;
    if (rest > 0)
        item("span", '<i style="background:linear-gradient(90deg,hsl(0 62% 62%),' +
            'hsl(150 62% 62%),hsl(300 62% 62%))"></i>',
        `${rest} others, from the first to the last`);
    item("span", `<i style="background:${envs.length ? envs[0].dark : "grey"}"></i>`,
        "dark: in the kernel");
    item("span", '<i style="background:var(--lock)"></i>', "waits for the kernel lock");
    item("span", '<i style="background:var(--idle)"></i>', "idle");
    item("span", '<b style="color:var(--arrow)">→</b>', "message");
    item("span", '<b style="color:var(--fork)">⇢</b>', "fork");
    item("span", "▾", "kick");
}
