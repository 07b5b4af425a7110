// Drawing the part of the trace that is in view, as SVG.

// ---- Colours ----

// Few envs get colours that differ as much as they can; many get those of the rainbow in order.
const FEW = 24;
function chooseColours() {
    envs.forEach((env, i) => {
        const hue = envs.length <= FEW ? (205 + i * 137.508) % 360 : 300 * i / envs.length;
        env.colour = `hsl(${hue.toFixed(0)} 62% 62%)`;
        env.dark = `hsl(${hue.toFixed(0)} 45% 36%)`;
    });
}
const colour = (kind, env) =>
    env < 0 ? "var(--kernel)" : kind === USER ? envs[env].colour : envs[env].dark;
let chosen = -1;        // the env that is highlighted
const shade = (env) => chosen >= 0 && env !== chosen ? 0.13 : 1;

// ---- Drawing ----

const AXIS = 26, CPU_HEIGHT = 44, CPU_GAP = 12;
const ENVS_HEIGHT = 460, ENV_MOST = 22, LABEL_HEIGHT = 11, MANY_ARROWS = 250;
let view = [0, 0], width = 1000, shown = [], envTop = 0, envHeight = 0;
let LEFT = 178, RIGHT = 36;     // what is beside the lanes: less where there is little room

const x = (time) => LEFT + (time - view[0]) / (view[1] - view[0]) * (width - LEFT - RIGHT);
const timeAt = (px) =>
    view[0] + (px - LEFT) / (width - LEFT - RIGHT) * (view[1] - view[0]);
const cpuTop = (cpu) => AXIS + CPU_GAP + cpu * (CPU_HEIGHT + CPU_GAP);

function node(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes)
        made.setAttribute(key, attributes[key]);
    if (text !== undefined)
        made.textContent = text;
    return made;
}

const round = (px) => Math.round(px * 10) / 10;

// Rectangles, gathered into one path for each colour and opacity.
class Rectangles {
    constructor() { this.paths = new Map(); }
    add(left, top, right, bottom, fill, opacity) {
        const key = fill + "|" + opacity;
        const d = `M${round(left)} ${round(top)}H${round(right)}V${round(bottom)}H${round(left)}z`;
        const path = this.paths.get(key);
        if (path)
            path.push(d);
        else
            this.paths.set(key, [d]);
    }
    draw(into, className) {
        for (const [key, parts] of this.paths) {
            const [fill, opacity] = key.split("|");
            into.append(node("path", {d: parts.join(""), fill, opacity, class: className}));
        }
    }
}

// One pixel of a CPU's lane where many slices are: who used how much of it.
class Column {
    constructor(at) { this.at = at; this.sums = new Map(); this.all = 0; }
    add(kind, env, time) {
        const key = kind * 4096 + env + 1;
        this.sums.set(key, (this.sums.get(key) || 0) + time);
        this.all += time;
    }
    draw(boxes, top) {
        let bottom = top + CPU_HEIGHT;
        for (const kind of [USER, KERNEL, 3]) {
            let sum = 0, most = -1, env = -1;
            for (const [key, time] of this.sums) {
                if ((key >> 12) !== kind)
                    continue;
                sum += time;
                const one = (key & 4095) - 1;
                if (one === chosen || (time > most && env !== chosen) || most < 0) {
                    most = time;
                    env = one;
                }
            }
            const height = Math.round(sum / this.all * 22) / 22 * CPU_HEIGHT;
            if (height > 0)
                boxes.add(this.at, bottom - height, this.at + 1, bottom, colour(kind, env),
                    shade(env));
            bottom -= height;
        }
    }
}

// Call wide(i) for the slices from..to that are a pixel wide, narrow(i, pixel) for others.
function each(n, begin, end, wide, narrow) {
    const [from, to] = view, pixel = (to - from) / (width - LEFT - RIGHT);
    for (let i = last(n, begin, from); i < n; i++) {
        const first = begin(i), stop = end(i);
        if (first >= to)
            return;
        if (stop <= from)
            continue;
        if (stop - first >= pixel)
            wide(i);
        else
            narrow(i, LEFT + Math.floor((Math.max(first, from) - from) / pixel));
    }
}

const clip = (px) => Math.max(LEFT, Math.min(width - RIGHT, px));

function drawCpu(cpu, into) {
    const lane = data.cpus[cpu], top = cpuTop(cpu), n = lane.time.length;
    const begin = (i) => lane.begin[i], end = (i) => lane.begin[i + 1];
    const boxes = new Rectangles();
    const group = node("g", {class: "lane", "data-cpu": cpu});
    const labels = [];
    let column = null;

    group.append(node("text", {x: 0, y: top + CPU_HEIGHT / 2 + 5, class: "name cpu"},
        "CPU " + cpu));
    group.append(node("rect", {x: LEFT, y: top, width: width - LEFT - RIGHT,
        height: CPU_HEIGHT, fill: "var(--idle)"}));
    each(n, begin, end, (i) => {
        const kind = lane.kind[i], left = clip(x(begin(i))), right = clip(x(end(i)));
        const rest = data.texts[lane.what[i]];
        if (kind !== IDLE)
            boxes.add(left, top, right, top + CPU_HEIGHT, colour(kind, lane.env[i]),
                shade(lane.env[i]));
        const name = title(lane.env[i]);
        const text = kind !== USER ? rest : right - left > 150 ? name : name.split(" ")[0];
        if (right - left > text.length * 6.4 + 8)
            labels.push(node("text", {x: left + 4, y: top + CPU_HEIGHT / 2 + 4,
                class: kind === USER ? "inside" : "", opacity: shade(lane.env[i]),
                style: kind & 1 ? "fill:#fff;pointer-events:none" : ""}, text));
    }, (i, at) => {
        if (!column || column.at !== at) {
            if (column)
                column.draw(boxes, top);
            column = new Column(at);
        }
        column.add(lane.kind[i], lane.env[i], lane.time[i]);
    });
    if (column)
        column.draw(boxes, top);
    boxes.draw(group, "slices");

    const locks = new Rectangles(), waits = data.locks[cpu];
    if (waits.length)
        for (let i = last(waits.length, (k) => waits[k][0], view[0]);
             i < waits.length && waits[i][0] < view[1]; i++)
            if (waits[i][1] > view[0]) {
                const left = clip(x(waits[i][0]));
                locks.add(left, top - 5, Math.max(left + 1, clip(x(waits[i][1]))), top,
                    "var(--lock)", 1);
            }
    locks.draw(group, "locks");
    group.append(...labels);
    into.append(group);
}

function drawEnv(row, into) {
    const env = shown[row], top = envTop + row * envHeight, group = node("g", {class: "env"});
    const states = data.states[env], boxes = new Rectangles();
    const small = envHeight < 5;
    const inset = envHeight >= 6 ? envHeight * 0.14 : 0;
    const middle = top + envHeight / 2;
    // Narrow slices: of the pixel `at', how long the env runs in it; pixels from..to are alike.
    let at = -1, sum = 0, from = -1, to = -1, level = 0;
    const pixel = (view[1] - view[0]) / (width - LEFT - RIGHT);

    const paint = () => {
        if (level > 0)
            boxes.add(from, top + inset, to, top + envHeight - inset, envs[env].colour,
                shade(env) * level);
    };
    const flush = () => {
        const share = Math.min(1, sum / pixel);
        const now = sum === 0 ? 0 : small ? 0.6 : Math.ceil(4 * share) / 4;
        if (now !== level || at !== to) {
            paint();
            from = at;
            level = now;
        }
        to = at + 1;
        sum = 0;
    };
    if (envHeight >= LABEL_HEIGHT || row === 0 || row === shown.length - 1)
        group.append(node("text", {x: Math.min(envs[env].depth, 4) * 9, y: middle + 4,
            class: "name", opacity: Math.max(0.4, shade(env))}, title(env)));
    if (envs[env].end > view[0] && envs[env].begin < view[1])
        boxes.add(clip(x(envs[env].begin)), small ? top : middle - 0.5, clip(x(envs[env].end)),
            small ? top + envHeight : middle + 0.5, small ? "var(--idle)" : "var(--line)", 1);
    each(states.length, (i) => states[i][0], (i) => states[i][1], (i) => {
        const left = clip(x(states[i][0])), right = clip(x(states[i][1]));
        if (states[i][2] === RUNNING)
            boxes.add(left, top + inset, right, top + envHeight - inset, envs[env].colour,
                shade(env));
        else if (states[i][2] === READY)
            boxes.add(left, middle - Math.max(0.5, envHeight / 9), right,
                middle + Math.max(0.5, envHeight / 9), envs[env].colour,
                shade(env) * 0.55);
    }, (i, px) => {
        if (px !== at)
            flush();
        at = px;
        if (states[i][2] === RUNNING)
            sum += states[i][1] - states[i][0];
    });
    flush();
    paint();
    boxes.draw(group, "states");
    into.append(group);
}

// Which envs have lanes: all if they are few; else those that run in the view.
function chooseEnvs() {
    shown = order;
    if (order.length > FEW)
        shown = order.filter((env) => {
            const states = data.states[env];
            let i = states.length && last(states.length, (k) => states[k][0], view[0]);
            for (; i < states.length && states[i][0] < view[1]; i++)
                if (states[i][2] === RUNNING && states[i][1] > view[0])
                    return true;
            return false;
        });
    envTop = cpuTop(data.cpus.length) + 30;
    envHeight = Math.min(ENV_MOST, ENVS_HEIGHT / Math.max(1, shown.length));
}

// Arrows from an env's lane to another one's: [from env, from time, to env, to time].
function drawArrows(arrows, kind, into) {
    const row = new Map(shown.map((env, i) => [env, i]));
    const seen = [];
    arrows.forEach((arrow, i) => {
        if (arrow[3] >= view[0] && arrow[1] <= view[1] && row.has(arrow[0]) && row.has(arrow[2]))
            seen.push(i);
    });
    if (seen.length > MANY_ARROWS)
        return seen.length;
    for (const i of seen) {
        const [from, begin, to, end] = arrows[i];
        const y1 = envTop + (row.get(from) + 0.5) * envHeight;
        const y2 = envTop + (row.get(to) + (to > from ? 0.2 : 0.8)) * envHeight;
        const x1 = x(begin), x2 = x(end), bend = Math.min(40, Math.abs(x2 - x1) / 2);
        into.append(node("path", {
            d: `M${x1.toFixed(1)} ${y1.toFixed(1)}C${(x1 + bend).toFixed(1)} ${y1.toFixed(1)} ` +
                `${(x2 - bend / 4).toFixed(1)} ${((y1 + y2) / 2).toFixed(1)} ` +
                `${x2.toFixed(1)} ${y2.toFixed(1)}`,
            class: "flow " + kind, fill: "none", stroke: `var(--${kind})`, "stroke-width": 1.4,
            "stroke-dasharray": kind === "fork" ? "4 2" : "none", "clip-path": "url(#inside)",
            opacity: chosen < 0 || from === chosen || to === chosen ? 0.85 : 0.1,
            "marker-end": envHeight < 5 ? "" : `url(#${kind}-head)`,
            "data-arrow": kind + " " + i}));
    }
    return 0;
}

function drawKicks(into) {
    const seen = data.kicks.filter(([time]) => time >= view[0] && time <= view[1]);
    if (seen.length > MANY_ARROWS)
        return;
    for (const [time, cpu, to] of seen) {
        const px = x(time), y = to > cpu ? cpuTop(cpu) + CPU_HEIGHT : cpuTop(cpu);
        const tip = to > cpu ? 7 : -7;
        into.append(node("path", {d: `M${px - 4} ${y}h8l-4 ${tip}z`, fill: "var(--ink)",
            class: "kick", "data-tip": `CPU ${cpu} kicks CPU ${to} at ${moment(time)}`}));
    }
}

function drawAxis(into, bottom) {
    const rough = (view[1] - view[0]) / Math.max(2, (width - LEFT) / 110);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough);
    const digits = Math.max(0, -Math.floor(Math.log10(step / 1e6) + 1e-9));
    for (let i = Math.ceil(view[0] / step); i * step <= view[1]; i++) {
        const px = x(i * step);
        into.append(node("line", {x1: px, x2: px, y1: AXIS - 6, y2: bottom,
            stroke: "var(--line)"}));
        into.append(node("text", {x: px, y: AXIS - 11, "text-anchor": "middle"},
            (i * step / 1e6).toFixed(digits) + " ms"));
    }
}

function head(kind) {
    const marker = node("marker", {id: kind + "-head", viewBox: "0 0 8 8", refX: 7, refY: 4,
        markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto"});
    marker.append(node("path", {d: "M0 0L8 4L0 8z", fill: `var(--${kind})`}));
    return marker;
}

function draw() {
    width = svg.clientWidth || 1200;
    [LEFT, RIGHT] = width < 600 ? [122, 18] : [178, 36];
    chooseEnvs();
    const bottom = envTop + Math.min(ENVS_HEIGHT, order.length * ENV_MOST) + 6;
    const all = document.createDocumentFragment(), defs = node("defs", {});
    const inside = node("clipPath", {id: "inside"});
    inside.append(node("rect", {x: LEFT, y: 0, width: width - LEFT - RIGHT, height: bottom}));
    defs.append(inside, head("arrow"), head("fork"));
    all.append(defs);
    drawAxis(all, bottom);
    data.cpus.forEach((lane, cpu) => drawCpu(cpu, all));
    all.append(node("text", {x: 0, y: envTop - 10, class: "name cpu"}, shown.length < order.length
        ? `${shown.length} of ${order.length} envs run here` : "environments"));
    shown.forEach((env, row) => drawEnv(row, all));
    const left = drawArrows(data.messages, "arrow", all);
    drawArrows(data.forks, "fork", all);
    drawKicks(all);
    svg.setAttribute("height", bottom);
    svg.replaceChildren(all);
    $("hint").textContent = `${duration(view[1] - view[0])} shown. Wheel or + and −: zoom; ` +
        "drag or arrow keys: move; double click: back." +
        (left ? ` Zoom in to see the ${left.toLocaleString("en")} messages as arrows.` : "");
    document.documentElement.dataset.drawn = data.cpus.length + " " + shown.length;
}

let asked = false;
function redraw() {
    if (!asked)
        requestAnimationFrame(() => { asked = false; draw(); });
    asked = true;
}
