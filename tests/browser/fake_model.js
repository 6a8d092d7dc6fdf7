/** A kernel's end of a moving picture, in the page: it has the traits of the model, and answers when a test says so. */

const SIZE = { width: 900, height: 400 };

/** What anywidget gives to each hook: an object of its own for the same model. */
function proxy(model) {
  return {
    get: (name) => model.traits[name],
    send: (content) => model.hear(structuredClone(content)),
    on: (event, callback) => model.listeners.push([event, callback]),
    off: (event, callback) => {
      model.listeners = model.listeners.filter((one) => one[0] !== event || one[1] !== callback);
    },
  };
}

class FakeModel {
  /** @param values names to [index, text], of the start */
  constructor(spec, values, more = {}) {
    this.spec = spec;
    this.listeners = [];
    this.sent = [];
    this.isDead = false;
    this.delay = null; // ms until an answer; null: when a test says so
    this.waiting = [];
    this.frames = new Map();
    this.values = values;
    this.shift = 0; // what a program changed
    this.failing = null; // (values) => a card, or nothing
    this.refuse = null; // (values) => null, or {again}
    this.mute = false; // frames say nothing of the card
    const state = { values, card: "", status: "", playing: false, speed: spec.speeds?.start ?? 0, ...more };
    const number = this.draw(values);
    const layout = { comm_live: true };
    this.traits = { spec: JSON.stringify(spec), state, frame: bytesOf(this.frames.get(number).blobs), number, layout };
  }

  emit(event, ...given) {
    for (const [name, callback] of [...this.listeners]) if (name === event) callback(...given);
  }

  /** The kernel goes, or is back. */
  connect(isLive) {
    this.emit("comm_live_update");
    this.traits.layout.comm_live = isLive; // which may hear of it later
  }

  hear(message) {
    if (this.isDead) throw new Error("Cannot send");
    this.sent.push(message);
    if (this.delay === null) this.waiting.push(message);
    else setTimeout(() => this.react(message), this.delay);
  }

  said(kind) {
    return this.sent.filter((message) => message.do === kind);
  }

  /** Answers what waits for an answer. */
  answer() {
    const waiting = this.waiting;
    this.waiting = [];
    for (const message of waiting) this.react(message);
  }

  react({ do: kind, ask, values, have, number, name }) {
    if (kind === "shown") this.values = this.frames.get(number).values;
    if (kind === "full") this.tellFrame({ ask: null, values: this.values, have: null });
    if (kind === "press" && name.startsWith("preset:")) this.set(this.spec.presets[name]);
    if (kind !== "move" && kind !== "ahead") return;
    const ahead = kind === "ahead";
    const asked = { ...this.values, ...this.texts(values) };
    if (!ahead) this.values = asked;
    const refusal = ahead && this.refuse?.(asked);
    if (refusal) this.tell({ tell: "refused", ask, again: refusal.again });
    else this.tellFrame({ ask, ahead, values: asked, have });
  }

  texts(steps) {
    const controls = Object.fromEntries(this.spec.controls.map((control) => [control.name, control]));
    return Object.fromEntries(Object.entries(steps).map(([name, index]) => [name, [index, controls[name].texts[index]]]));
  }

  /** A program moves controls: names to [index, text]. */
  set(values) {
    this.values = { ...this.values, ...values };
    this.tellFrame({ ask: null, values: this.values, have: this.latest });
  }

  tell(content, buffers = []) {
    this.emit("msg:custom", content, buffers);
  }

  tellFrame({ ask, ahead = false, values, have, acknowledge = true }) {
    const base = this.frames.get(have);
    const number = this.draw(values);
    const known = base ? base.blobs.map((blob) => blob.text) : [];
    const { blobs } = this.frames.get(number);
    const places = blobs.map((blob) => known.indexOf(blob.text));
    const fresh = blobs.filter((_, index) => places[index] < 0).map((blob) => new DataView(blob.bytes.slice().buffer));
    const card = this.failing?.(values) ?? "";
    if (!ahead) this.latest = number;
    const about = this.mute ? {} : { card };
    const head = { tell: "frame", number, ask, ahead, acknowledge, base: base ? have : null };
    this.tell({ ...head, values, places, ...about }, fresh);
  }

  draw(values) {
    const number = this.frames.size + 1;
    this.latest ??= number;
    this.frames.set(number, { values, blobs: blobsOf(values, this.shift, this.spec) });
    return number;
  }
}

// A picture: a bell that the first control moves and the second widens.

function blobsOf(values, shift, { alt, ballast = 0 }) {
  const shown = Object.values(values);
  const move = (shown[0]?.[0] ?? 0) + shift;
  const width = 0.06 + 0.01 * (shown[1]?.[0] ?? 4);
  const x = Float32Array.from({ length: 200 }, (_, i) => i / 199);
  const bell = x.map((one) => 0.8 * Math.exp(-0.5 * ((one - 0.1 - move / 25) / width) ** 2));
  const texts = [["A bell", 450, 28, 20, "center", 0, "#222222", "bold"]];
  const narrow = [["A bell", 240, 28, 20, "center", 0, "#222222", "bold"]];
  const plan = { places: [{ ...SIZE, texts }, { width: 480, height: 400, texts: narrow }] };
  const ticks = (low, high) => [0, 0.5, 1].map((part) => [part.toFixed(1), low + part * (high - low), 385, 15, "center", 0,
    "#444444", "normal"]);
  const dress = { name: "main", xlim: [0, 1], ylim: [0, 1], xscale: "linear", yscale: "linear", axes: true,
    xticks: [0, 0.5, 1], yticks: [0, 0.5, 1], grid: "xy", notches: "xy", scale: null,
    places: [{ box: [60, 50, 800, 310], texts: ticks(60, 860), keys: [], scale: null },
      { box: [40, 50, 420, 310], texts: ticks(40, 460), keys: [], scale: null }] };
  const marks = { marks: [
    { kind: "area", x: { from: 0, to: 1, n: 200 }, y: { at: 4 }, base: { all: 0, n: 200 }, color: "#0072b240" },
    { kind: "line", x: { from: 0, to: 1, n: 200 }, y: { at: 4 }, color: "#0072b2", width: 3, dash: [] }], texts: [[], []] };
  const readouts = [...Object.entries(values).map(([name, [, text]]) => [name, text]), ["shift", String(shift)]];
  const head = { version: 1, alt, readouts, plan: 1, panels: [[2, 3]] };
  const blobs = [head, plan, dress, marks].map((one) => blob(JSON.stringify(one)));
  blobs.push(blob(null, new Uint8Array(bell.buffer)));
  if (ballast) blobs.push(blob(`${JSON.stringify(values)}${" ".repeat(ballast)}`));
  return blobs;
}

function blob(text, bytes = new TextEncoder().encode(text)) {
  return { text: text ?? bytes.join(), bytes };
}

function bytesOf(blobs) {
  const words = [1, blobs.length, ...blobs.map(({ bytes }) => bytes.length)];
  const parts = [new TextEncoder().encode("CFRM"), new Uint8Array(Uint32Array.from(words).buffer)];
  for (const { bytes } of blobs) parts.push(bytes, new Uint8Array(-bytes.length & 3));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  // As in a message: not at the start of its memory.
  const moved = new Uint8Array(all.length + 3);
  moved.set(all, 3);
  return new DataView(moved.buffer, 3);
}

/** Shows a model in `places` elements of the page, as anywidget does; gives what takes each of them away. */
async function showModel(source, model, places = 1) {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: factory } = await import(url);
  const widget = typeof factory === "function" ? await factory() : factory;
  const end = await widget.initialize({ model: proxy(model) });
  const views = [];
  for (let place = 0; place < places; place++) {
    const el = document.createElement("div");
    document.body.append(el);
    const close = await widget.render({ model: proxy(model), el });
    views.push({ el, close: () => { close(); el.remove(); } });
  }
  return { views, end };
}
