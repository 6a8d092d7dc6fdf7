/**
 * The page's side of a moving picture: its controls, its exact numbers, and the frames that come from the kernel.
 *
 * This file follows canvas.js (decode, after, head, paint) in one module. A `MovingPicture` belongs to a model: it knows
 * the values, keeps frames and asks for them. Each place where the model is shown is a `PictureView`, which paints and
 * hears the reader's hand. Frames and what is told of them come from a source, here the `Kernel`.
 */

const REST_MS = 150; // so long after the last move, neighbours are asked for
const RETRY_MS = 1000; // so long after a neighbour was put off
const BUSY_MS = 300; // a move unanswered for so long shows that work is under way
const SILENT_MS = 6000; // and after so long a sentence says what the reason may be
const REFUSALS = 4; // after so many neighbours refused in a row the page asks for no more of them
const PLAY_MS = 120; // from one step of a playing slider to the next
const KEPT_BYTES = 16 * 2 ** 20;

const NO_ANSWER = "No answer yet: the kernel is busy with another cell.";
const NO_KERNEL = "The kernel was restarted: run this cell again to move the picture.";

/**
 * @typedef {[number, string]} Value a control's step, and what the reader sees
 * @typedef {Object<string, Value>} Values one of each control
 * @typedef {{number: number, values: Values, frame: {blobs: Uint8Array[]}, isAsked: boolean}} Entry a frame as it came,
 *   and whether the kernel wants to know when it was painted
 */

// ----------------------------------------------------------------------------------------------------------- keeping

/** A timer of which at most one ring is to come. */
class Alarm {
  constructor(ring) {
    this.ring = ring;
    this.id = null;
  }

  get isSet() {
    return this.id !== null;
  }

  set(ms) {
    this.stop();
    this.id = setTimeout(() => {
      this.id = null;
      this.ring();
    }, ms);
  }

  stop() {
    clearTimeout(this.id);
    this.id = null;
  }
}

/** Frames by the values that they show, within a number of bytes; a blob that several frames share counts once. */
class FrameStore {
  constructor(room) {
    this.room = room;
    this.clear();
  }

  clear() {
    this.entries = new Map(); // in the order of their last use
    this.uses = new Map();
    this.bytes = 0;
  }

  has(key) {
    return this.entries.has(key);
  }

  /** The frame of these values, which counts as used now. */
  get(key) {
    const entry = this.entries.get(key);
    if (entry) {
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return entry;
  }

  byNumber(number) {
    for (const entry of this.entries.values()) if (entry.number === number) return entry;
    return null;
  }

  /**
   * Keeps a frame and drops others where there is no room: those farther away first, of them the ones not used for the
   * longest time. Where only nearer ones are left, the new one itself goes.
   * @param {(entry: Entry) => number} distance steps from the present values
   * @returns {boolean} whether it is kept
   */
  add(key, entry, distance) {
    this.remove(key);
    this.entries.set(key, entry);
    this.count(entry, 1);
    const limit = distance(entry);
    while (this.bytes > this.room) {
      const [farthest, far] = this.farthest(distance);
      if (farthest === key || far <= limit) break;
      this.remove(farthest);
    }
    if (this.bytes > this.room) this.remove(key);
    return this.has(key);
  }

  farthest(distance) {
    let found = [null, -1];
    for (const [key, entry] of this.entries) {
      const far = distance(entry);
      if (far > found[1]) found = [key, far];
    }
    return found;
  }

  remove(key) {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.count(entry, -1);
  }

  count(entry, by) {
    for (const blob of entry.frame.blobs) {
      const uses = (this.uses.get(blob) ?? 0) + by;
      if (uses > 0) this.uses.set(blob, uses);
      else this.uses.delete(blob);
      if (uses === (by > 0 ? 1 : 0)) this.bytes += by * blob.byteLength;
    }
  }
}

// ------------------------------------------------------------------------------------------------------------ source

/**
 * Frames from a running kernel. Another source has the same methods, and tells its listener the same: `frame(tell,
 * blobs)`, `refused(tell)`, `drop()`, `state(tell)`, `lost()`.
 */
class Kernel {
  constructor(model, listener) {
    this.model = model;
    this.listener = listener;
    this.hear = (content, buffers) => {
      if (content.tell === "frame") listener.frame(content, buffers ?? []);
      else if (content.tell === "refused") listener.refused(content);
      else if (content.tell === "drop") listener.drop();
      else if (content.tell === "state") listener.state(content);
    };
    model.on("msg:custom", this.hear);
  }

  close() {
    this.model.off("msg:custom", this.hear);
  }

  /** The page listens from now on, and has this frame. */
  hello(number) {
    this.send({ do: "hello", number });
  }

  /** A reader's hand moved the controls named in `values`; the page has frame `have`. */
  ask(ask, values, have) {
    this.send({ do: "move", ask, values, have });
  }

  /** The same for values that may come next. */
  askAhead(ask, values, have) {
    this.send({ do: "ahead", ask, values, have });
  }

  /** A frame that was kept is shown now. */
  shown(number) {
    this.send({ do: "shown", number });
  }

  press(name) {
    this.send({ do: "press", name });
  }

  speed(index) {
    this.send({ do: "speed", index });
  }

  /** All of the present frame, please: what the last message builds on is not here. */
  full() {
    this.send({ do: "full" });
  }

  /** This frame of a training is on the screen: the next may come. */
  acknowledge(number) {
    this.send({ do: "ack", number });
  }

  send(content) {
    try {
      this.model.send(content);
    } catch {
      this.listener.lost();
    }
  }
}

// ----------------------------------------------------------------------------------------------------------- picture

/** What all views of one model have in common. */
class MovingPicture {
  /**
   * @param model anywidget's model, with `spec`, `state`, `frame` and `number`
   * @param makeSource where frames come from, for this listener
   */
  constructor(model, makeSource = (listener) => new Kernel(model, listener)) {
    this.spec = JSON.parse(model.get("spec"));
    this.controls = new Map(this.spec.controls.map((control) => [control.name, control]));
    const { values = {}, card = "", status = "", playing = false, speed = 0 } = model.get("state");
    /** What the controls show, and what the source knows of it. */
    this.values = { ...values };
    this.told = { ...values };
    Object.assign(this, { card, status, playing, speed });
    this.store = new FrameStore(KEPT_BYTES);
    this.never = new Set(); // keys of values that the source will not draw ahead
    this.isDone = false; // no more neighbours fit, or the source has none
    this.refusals = 0;
    this.move = this.guess = null; // what was asked and is not answered
    // Another page may be open at the same kernel, whose answers are told to this one too.
    this.asked = Math.floor(Math.random() * 2 ** 30);
    this.last = { name: this.spec.controls[0]?.name, way: 1 };
    this.stepping = null; // the slider that plays
    this.isLost = this.isBusy = this.isSilent = false;
    this.problem = ""; // why nothing can be painted
    this.acknowledged = null; // the frame of a training that was on the screen last, on which the next may build
    this.views = new Set();
    this.rest = new Alarm(() => this.guessNext());
    this.busy = new Alarm(() => this.change({ isBusy: true }));
    this.silent = new Alarm(() => this.change({ isSilent: true }));
    this.tick = new Alarm(() => this.step());
    this.source = makeSource(this);
    this.current = this.first(model.get("frame"), model.get("number"));
    this.source.hello(this.current?.number ?? null);
  }

  first(bytes, number) {
    if (!bytes || bytes.byteLength === 0) return null;
    try {
      const entry = { number, values: { ...this.values }, frame: decode(bytes), isAsked: true };
      if (!this.card) this.keep(entry);
      return entry;
    } catch (error) {
      this.problem = error.message;
      return null;
    }
  }

  close() {
    this.isClosed = true;
    for (const alarm of [this.rest, this.busy, this.silent, this.tick]) alarm.stop();
    this.source.close();
  }

  // Views

  add(view) {
    this.views.add(view);
    this.restSoon();
  }

  remove(view) {
    this.views.delete(view);
    if (this.views.size > 0) return;
    this.stop();
    this.rest.stop();
    this.acknowledge();
  }

  /** Tells once that the present frame of a training was seen, or that nobody looks, if the kernel wants to know. */
  acknowledge() {
    if (!this.spec.live || this.isLost || this.isClosed || this.current === null) return;
    if (this.current === this.acknowledged || !this.current.isAsked) return;
    this.acknowledged = this.current;
    this.source.acknowledge(this.current.number);
  }

  change(parts = {}) {
    Object.assign(this, parts);
    for (const view of this.views) view.refresh();
  }

  get note() {
    if (this.isLost) return NO_KERNEL;
    if (this.isSilent) return NO_ANSWER;
    return this.problem;
  }

  // The hand

  /** A hand moved a control to a step; the control and its text follow at once, the picture as soon as it can. */
  moveTo(name, index) {
    if (this.isLost) return;
    const [from] = this.values[name];
    this.last = { name, way: index === from ? this.last.way : Math.sign(index - from) };
    this.values = { ...this.values, [name]: [index, this.controls.get(name).texts[index]] };
    this.hope();
    this.follow();
    this.change();
  }

  press(name) {
    if (this.isLost) return;
    // What a hand moved and nobody was told of yet gives way to the button.
    if (/^(preset:|initial$)/.test(name)) this.values = { ...this.told };
    this.source.press(name);
    this.stop();
  }

  setSpeed(index) {
    this.source.speed(index);
    this.change({ speed: index });
  }

  /** Lets a slider step by itself, or stops it; at its end it starts over. */
  togglePlay(name) {
    if (this.stepping === name) return this.stop();
    this.stepping = name;
    if (this.values[name][0] >= this.lastStep(name)) this.moveTo(name, 0);
    this.tick.set(PLAY_MS);
    this.change();
  }

  stop() {
    this.tick.stop();
    this.change({ stepping: null });
  }

  step() {
    const name = this.stepping;
    // A picture that is not there yet is waited for.
    if (!this.isBehind && this.values[name][0] < this.lastStep(name)) this.moveTo(name, this.values[name][0] + 1);
    if (this.isLost || (!this.isBehind && this.values[name][0] >= this.lastStep(name))) this.stop();
    else this.tick.set(PLAY_MS);
  }

  lastStep(name) {
    return this.controls.get(name).texts.length - 1;
  }

  // The picture follows the values

  keyOf(values) {
    return JSON.stringify(this.spec.controls.map(({ name }) => values[name]));
  }

  get isBehind() {
    return this.move !== null || this.keyOf(this.values) !== this.keyOf(this.told);
  }

  /** Brings the picture to the present values: at once if their frame is kept, otherwise by one question at a time. */
  follow() {
    const key = this.keyOf(this.values);
    const isNews = key !== this.keyOf(this.told);
    const entry = this.store.get(key);
    if (entry) {
      // An answer that is still to come shows where the hand has been.
      if (this.move) this.move.isOvertaken = true;
      if (this.current !== entry) this.show(entry, "");
      this.calm();
      if (isNews) {
        this.told = { ...this.values };
        this.source.shown(entry.number);
      }
    } else if (isNews && !this.move) {
      this.ask();
    } else if (isNews && !this.silent.isSet && !this.isSilent) {
      this.worry();
    }
    this.restSoon();
  }

  ask() {
    const moved = Object.keys(this.values).filter((name) => !isSame(this.values[name], this.told[name]));
    const steps = Object.fromEntries(moved.map((name) => [name, this.values[name][0]]));
    this.move = { ask: ++this.asked, moved, base: this.current, isOvertaken: false };
    this.told = { ...this.values };
    this.worry();
    this.source.ask(this.move.ask, steps, this.current?.number ?? null);
  }

  /** From now on an answer is waited for; a sign of work that stands already stays. */
  worry() {
    this.busy.set(BUSY_MS);
    this.silent.set(SILENT_MS);
  }

  /** Nothing is waited for. */
  calm() {
    this.busy.stop();
    this.silent.stop();
    this.isBusy = this.isSilent = false;
  }

  /** Goes on after an answer, to where the hand is by now. */
  goOn() {
    this.isSilent = false;
    if (this.move === null) this.silent.stop();
    this.follow();
    if (!this.isBehind) this.calm();
    this.change();
  }

  show(entry, card) {
    this.current = entry;
    this.card = card;
    for (const view of this.views) view.paintSoon();
    if (this.views.size === 0) this.acknowledge();
  }

  keep(entry) {
    if (this.spec.live) return;
    const isKept = this.store.add(this.keyOf(entry.values), entry, (one) => this.distance(one.values));
    if (!isKept) this.isDone = true;
  }

  /** Steps from the present values along one control; endless where several differ. */
  distance(values) {
    const differing = Object.keys(values).filter((name) => !isSame(values[name], this.values[name]));
    if (differing.length > 1) return Infinity;
    return differing.reduce((sum, name) => sum + Math.abs(values[name][0] - this.values[name][0]), 0);
  }

  // What the source tells

  frame(tell, blobs) {
    const entry = this.assemble(tell, blobs);
    if (tell.ahead) return this.hearAhead(tell, entry);
    if (!entry) return this.askForAll(tell);
    const isAnswer = this.move !== null && (this.move.isBroken || tell.ask === this.move.ask || this.agrees(entry));
    const isOvertaken = isAnswer && this.move.isOvertaken;
    if (isAnswer) this.move = null;
    // What no hand asked for may follow from new data or a new function.
    if (tell.ask == null) this.never.clear();
    if (!isOvertaken) this.adopt(entry.values);
    const { card = this.card } = tell;
    this.take(tell);
    if (card) this.store.remove(this.keyOf(entry.values));
    else this.keep(entry);
    if (!isOvertaken || this.keyOf(entry.values) === this.keyOf(this.values)) this.show(entry, card);
    this.goOn();
  }

  /** Another page may have been answered in place of this one, with what was asked here too. */
  agrees(entry) {
    return this.move.moved.every((name) => isSame(entry.values[name], this.told[name]));
  }

  /** The frame that was told; nothing where what it builds on is not here. */
  assemble({ number, values, places, base, acknowledge }, blobs) {
    const from = base == null ? null : this.frameOf(base);
    if (from === undefined) return null;
    try {
      const isAsked = acknowledge === true;
      return { number, values: { ...this.values, ...values }, frame: after(from, places, blobs), isAsked };
    } catch {
      return null;
    }
  }

  frameOf(number) {
    const held = [this.current, this.acknowledged, this.move?.base, this.guess?.base];
    return (held.find((entry) => entry?.number === number) ?? this.store.byNumber(number))?.frame;
  }

  askForAll(tell) {
    if (this.move && tell.ask === this.move.ask) this.move.isBroken = true;
    this.source.full();
  }

  /** A program or a button moved controls; a hand that is further on keeps what it holds. */
  adopt(values) {
    for (const [name, value] of Object.entries(values)) {
      if (!this.controls.has(name) || this.move?.moved.includes(name)) continue;
      const isHeld = !isSame(this.values[name], this.told[name]);
      this.told = { ...this.told, [name]: value };
      if (!isHeld) this.values = { ...this.values, [name]: value };
    }
    this.hope();
  }

  /** What a message tells of a training. */
  take(tell) {
    for (const name of ["status", "playing", "speed"]) if (name in tell) this[name] = tell[name];
  }

  state(tell) {
    if (this.move && tell.ask === this.move.ask) this.move = null;
    if (tell.values) this.adopt(tell.values);
    if ("card" in tell) this.card = tell.card;
    this.take(tell);
    this.goOn();
  }

  refused({ ask, again }) {
    if (this.move?.ask === ask) {
      this.move = null;
      this.goOn();
    }
    if (this.guess?.ask !== ask) return;
    if (!again) this.giveUp(this.guess.key);
    this.guess = null;
    if (again) this.rest.set(RETRY_MS);
    else this.guessOn();
  }

  drop() {
    this.store.clear();
    this.never.clear();
    this.hope();
    this.restSoon();
  }

  lost() {
    this.setLost(true);
  }

  setLost(isLost) {
    if (isLost === this.isLost || this.isClosed) return;
    this.move = this.guess = null;
    this.rest.stop();
    this.calm();
    this.isLost = isLost;
    this.stop();
    if (!isLost) this.follow();
  }

  // What may be asked for next

  /** Other values have other neighbours. */
  hope() {
    this.isDone = false;
    this.refusals = 0;
  }

  giveUp(key) {
    this.never.add(key);
    this.refusals += 1;
    if (this.refusals >= REFUSALS) this.isDone = true;
  }

  /** Neighbours are asked for while the picture is looked at and nobody waits for anything. */
  get isAtRest() {
    if (this.spec.live || this.isLost || this.isClosed || this.stepping || this.isBehind || this.current === null) {
      return false;
    }
    return !document.hidden && [...this.views].some((view) => view.isOnScreen);
  }

  restSoon() {
    if (this.isAtRest) this.rest.set(REST_MS);
    else this.rest.stop();
  }

  guessNext() {
    if (!this.isAtRest || this.guess || this.isDone) return;
    const next = this.neighbour();
    if (!next) return;
    const { name, index, key } = next;
    this.guess = { ask: ++this.asked, key, base: this.current };
    this.source.askAhead(this.guess.ask, { [name]: index }, this.current.number);
  }

  guessOn() {
    // A hand that moved meanwhile rests first.
    if (!this.rest.isSet) this.guessNext();
  }

  /** The nearest values that differ in one control and are not kept, those of the control moved last first. */
  neighbour() {
    const controls = [...this.spec.controls].sort((a, b) => (b.name === this.last.name) - (a.name === this.last.name));
    const longest = Math.max(0, ...controls.map(({ texts }) => texts.length - 1));
    for (let far = 1; far <= longest; far++) {
      for (const { name, texts } of controls) {
        for (const way of [this.last.way, -this.last.way]) {
          const index = this.values[name][0] + way * far;
          if (!(index in texts)) continue;
          const key = this.keyOf({ ...this.values, [name]: [index, texts[index]] });
          if (!this.store.has(key) && !this.never.has(key)) return { name, index, key };
        }
      }
    }
    return null;
  }

  hearAhead(tell, entry) {
    if (this.guess?.ask !== tell.ask) return;
    const { key } = this.guess;
    this.guess = null;
    // A picture that failed, or other values than those asked for, would be asked for again and again.
    if (!entry || tell.card || this.keyOf(entry.values) !== key) {
      this.giveUp(key);
    } else {
      this.refusals = 0;
      this.keep(entry);
    }
    if (this.isBehind) {
      this.follow(); // the hand may be there already
      this.change();
    }
    this.guessOn();
  }
}

function isSame(one, other) {
  return one[0] === other[0] && one[1] === other[1];
}

// ---------------------------------------------------------------------------------------------------------- controls

let inputs = 0;

/** An identifier that no other element of the page has; every model has a copy of this module. */
function newId() {
  inputs += 1;
  return `course-${Math.random().toString(36).slice(2, 8)}-${inputs}`;
}

/**
 * An element with attributes (`on...` are listeners, `true` is an empty one, `null` and `false` are none) and children.
 * @returns {HTMLElement}
 */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Writes a text only where it is another one, so that nothing flickers or is selected away. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const ICONS = {
  play: '<path d="M4 2.5v11l9-5.5z"/>',
  pause: '<path d="M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z"/>',
  step: '<path d="M2.5 2.5v11l8-5.5zM11 2.5h2.5v11H11z"/>',
  undo: '<path d="M2 2.5v5.2h5.2M2.6 7.4A5.6 5.6 0 1 1 3.7 11.6" fill="none" stroke="currentColor" stroke-width="1.8"/>',
  wider: '<path d="M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5M2 8h12" fill="none" stroke="currentColor" stroke-width="1.7"/>',
  screen: '<path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" fill="none" stroke="currentColor" stroke-width="1.8"/>',
};

function icon(name) {
  const made = make("span", { class: "course-glyph", "aria-hidden": "true" });
  made.innerHTML = `<svg viewBox="0 0 16 16" width="14" height="14" fill="currentColor">${ICONS[name]}</svg>`;
  return made;
}

/** Each kind of control: its element, and `show(picture)`, which brings it up to date. */
const CONTROLS = { slider: makeSlider, menu: makeMenu, buttons: makeOptions, toggle: makeToggle };

function makeSlider(picture, { name, label, texts, play }) {
  const id = newId();
  const most = texts.length - 1;
  const input = make("input", { type: "range", id, min: 0, max: most, step: 1, class: "course-slider" });
  const output = make("output", { for: id, "aria-live": "off", class: "course-value" });
  output.style.minWidth = `${Math.max(...texts.map((text) => text.length))}ch`;
  const toggle = play ? makePlay(picture, name, label) : null;
  // Browsers differ in what they take for a page.
  const page = Math.max(1, Math.round(most / 10));
  const pages = { PageUp: page, PageDown: -page };
  const moveTo = (index) => picture.moveTo(name, Math.min(most, Math.max(0, index)));
  input.addEventListener("input", () => moveTo(Number(input.value)));
  input.addEventListener("keydown", (event) => {
    if (!(event.key in pages) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moveTo(Number(input.value) + pages[event.key]);
  });
  const show = () => {
    const [index, text] = picture.values[name];
    if (input.value !== String(index)) input.value = index;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--course-part", most ? index / most : 0);
    say(output, text);
    toggle?.show();
  };
  const node = make("div", { class: "course-control course-control-slider" },
    make("label", { for: id, class: "course-label" }, label), toggle?.node ?? null, input, output);
  return { node, show };
}

function makePlay(picture, name, label) {
  const node = make("button", { type: "button", class: "course-button course-step", title: `Run through ${label}`,
    "aria-label": `Run through ${label}`, onclick: () => picture.togglePlay(name) });
  let shown = null;
  const show = () => {
    const isStepping = picture.stepping === name;
    if (isStepping === shown) return;
    shown = isStepping;
    node.setAttribute("aria-pressed", String(isStepping));
    node.replaceChildren(icon(isStepping ? "pause" : "play"));
  };
  return { node, show };
}

function makeMenu(picture, { name, label, texts }) {
  return menu(label, texts, (index) => picture.moveTo(name, index), () => picture.values[name][0]);
}

function menu(label, texts, choose, chosen) {
  const id = newId();
  const options = texts.map((text, index) => make("option", { value: index }, text));
  const select = make("select", { id, class: "course-menu" }, ...options);
  select.addEventListener("change", () => choose(select.selectedIndex));
  const show = () => {
    if (select.selectedIndex !== chosen()) select.selectedIndex = chosen();
  };
  const node = make("div", { class: "course-control" }, make("label", { for: id, class: "course-label" }, label), select);
  return { node, show };
}

function makeOptions(picture, { name, label, texts }) {
  const id = newId();
  const group = newId();
  const radios = texts.map((_, index) => make("input", { type: "radio", name: group, value: index,
    onchange: () => picture.moveTo(name, index) }));
  const options = radios.map((radio, index) => make("label", { class: "course-option" },
    radio, make("span", {}, texts[index])));
  const node = make("div", { class: "course-control", role: "radiogroup", "aria-labelledby": id },
    make("span", { id, class: "course-label" }, label), make("div", { class: "course-options" }, ...options));
  const show = () => {
    radios[picture.values[name][0]].checked = true;
  };
  return { node, show };
}

function makeToggle(picture, { name, label }) {
  const box = make("input", { type: "checkbox", class: "course-check",
    onchange: () => picture.moveTo(name, Number(box.checked)) });
  const node = make("div", { class: "course-control" }, make("label", { class: "course-toggle" }, box, label));
  const show = () => {
    box.checked = picture.values[name][0] === 1;
  };
  return { node, show };
}

function makeButton(picture, { name, label, icon: glyph, title }) {
  const text = make("span", {}, label);
  const node = make("button", { type: "button", class: "course-button", title: title || null,
    onclick: () => picture.press(name) }, glyph ? icon(glyph) : null, text);
  if (name !== "play") return { node, show: () => {} };
  node.classList.add("course-play");
  let shown = null;
  const show = () => {
    if (picture.playing === shown) return;
    shown = picture.playing;
    node.replaceChildren(icon(shown ? "pause" : "play"), make("span", {}, shown ? "Pause" : "Play"));
  };
  return { node, show };
}

/** The exact numbers; texts change in place. */
function makeReadouts() {
  const node = make("div", { class: "course-numbers" });
  let cells = [];
  const show = (readouts) => {
    if (cells.length !== readouts.length) {
      cells = readouts.map(() => [make("span"), make("b")]);
      const rows = cells.map((pair) => make("div", {}, ...pair));
      const table = make("div", { class: "course-readouts", role: "group", "aria-label": "exact values" }, ...rows);
      node.replaceChildren(...(rows.length ? [table] : []));
    }
    readouts.forEach((pair, row) => pair.forEach((text, column) => say(cells[row][column], text)));
  };
  return { node, show };
}

// -------------------------------------------------------------------------------------------------------------- view

/** Whether the page is dark: JupyterLab says so on its body, elsewhere the reader's system does. */
function isDarkPage() {
  const isLight = document.body.dataset.jpThemeLight;
  return isLight === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : isLight === "false";
}

/** A model in one place of the page. */
class PictureView {
  constructor(picture, model, element) {
    this.picture = picture;
    this.model = model;
    this.element = element;
    this.isOnScreen = false;
    this.room = null; // what the last painting had
    this.request = null; // the animation frame that will paint
    this.ends = []; // what undoes the rest
    this.build();
    this.watch();
    picture.add(this);
    this.refresh();
    this.paintSoon();
  }

  close() {
    cancelAnimationFrame(this.request);
    this.picture.remove(this);
    for (const end of this.ends) end();
    this.root.remove();
  }

  // Elements

  build() {
    const { picture } = this;
    const { spec } = picture;
    this.canvas = make("canvas", { class: "course-picture", role: "img", "aria-label": spec.alt, tabindex: 0 });
    this.stage = make("div", { class: "course-stage" }, this.canvas,
      make("div", { class: "course-work", "aria-hidden": "true" }), this.corner());
    this.note = make("div", { class: "course-note", role: "status" });
    this.card = make("div", { class: "course-card-slot" });
    this.readouts = makeReadouts();
    this.parts = [];
    this.hand = make("fieldset", { class: "course-hand", "aria-label": "controls" }, ...this.handParts());
    this.root = make("div", { class: `course-explorable${spec.live ? " course-live" : ""}`,
      role: "group", "aria-label": spec.title || null },
      this.stage, this.note, this.card, this.hand, this.readouts.node);
    this.root.style.setProperty("--course-width", `${spec.width}px`);
    this.element.replaceChildren(this.root);
  }

  /** The lecturer's buttons over the picture. */
  corner() {
    this.wider = make("button", { type: "button", class: "course-corner-button", title: "Whole width (L)",
      "aria-label": "Whole width", "aria-keyshortcuts": "L", "aria-pressed": "false",
      onclick: () => this.toggleWide() }, icon("wider"));
    this.screen = make("button", { type: "button", class: "course-corner-button", title: "Full screen (F)",
      "aria-label": "Full screen", "aria-keyshortcuts": "F", "aria-pressed": "false",
      onclick: () => this.toggleFullScreen() }, icon("screen"));
    return make("div", { class: "course-corner" }, this.wider, this.screen);
  }

  handParts() {
    const { picture } = this;
    const { spec } = picture;
    const add = (part) => {
      this.parts.push(part);
      return part.node;
    };
    const controls = spec.controls.map((control) => add(CONTROLS[control.kind](picture, control)));
    if (spec.speeds) {
      controls.push(add(menu("speed", spec.speeds.texts, (index) => picture.setSpeed(index), () => picture.speed)));
    }
    const row = controls.length ? make("div", { class: "course-row" }, ...controls) : null;
    const pressed = spec.buttons.map((button) => add(makeButton(picture, button)));
    const buttons = pressed.length ? make("div", { class: "course-buttons" }, ...pressed) : null;
    this.status = spec.live ? make("div", { class: "course-status" }) : null;
    return spec.live ? [buttons, this.status, row] : [row, buttons];
  }

  // What the surroundings tell

  watch() {
    this.observe(new ResizeObserver(() => this.paintSoon()), this.element);
    const seen = (entries) => {
      this.isOnScreen = entries.at(-1).isIntersecting;
      this.picture.restSoon();
    };
    this.observe(new IntersectionObserver(seen), this.stage);
    const options = { attributes: true, attributeFilter: ["data-jp-theme-light"] };
    this.observe(new MutationObserver(() => this.paintSoon()), document.body, options);
    this.listen(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.paintSoon());
    this.watchRatio();
    this.listen(document, "visibilitychange", () => this.picture.restSoon());
    this.listen(document, "fullscreenchange", () => this.followScreen());
    this.listen(window, "resize", () => this.paintSoon());
    this.listen(this.stage, "keydown", (event) => this.hearKey(event));
    this.listen(window, "keydown", (event) => this.claimKey(event), { capture: true });
    this.watchComm();
  }

  observe(observer, ...target) {
    observer.observe(...target);
    this.ends.push(() => observer.disconnect());
  }

  listen(target, event, hear, options) {
    target.addEventListener(event, hear, options);
    this.ends.push(() => target.removeEventListener(event, hear, options));
  }

  /** A query for the present number of pixels in a CSS pixel tells once that it is another one. */
  watchRatio() {
    let query = null;
    const again = () => {
      query?.removeEventListener("change", again);
      query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
      query.addEventListener("change", again);
      this.paintSoon();
    };
    again();
    this.ends.push(() => query.removeEventListener("change", again));
  }

  /** Whether there is a kernel at the other end: the models of the page hear of it one after the other. */
  watchComm() {
    const check = new Alarm(() => this.picture.setLost(!isConnected(this.model, this.element)));
    const hear = () => check.set(0);
    this.model.on("comm_live_update", hear);
    this.ends.push(() => this.model.off("comm_live_update", hear), () => check.stop());
    check.ring();
  }

  /**
   * JupyterLab takes arrows, letters and Enter from a control that has the focus, unless its element says no. It asks the
   * element after this; saving and running a cell go on to JupyterLab.
   */
  claimKey(event) {
    if (!this.root.contains(event.target)) return;
    const isTheirs = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (isTheirs) event.target.removeAttribute("data-lm-suppress-shortcuts");
    else event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  }

  hearKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { l: () => this.toggleWide(), f: () => this.toggleFullScreen() }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // Sizes

  toggleWide() {
    const isWide = this.root.classList.toggle("course-wide");
    this.wider.setAttribute("aria-pressed", String(isWide));
    this.paintSoon();
  }

  toggleFullScreen() {
    if (document.fullscreenElement === this.root) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => {});
  }

  followScreen() {
    const isFull = document.fullscreenElement === this.root;
    this.root.classList.toggle("course-full", isFull);
    this.screen.setAttribute("aria-pressed", String(isFull));
    this.paintSoon();
  }

  measure() {
    // Where the page hides it, it stays as it was.
    const width = this.stage.clientWidth || this.room?.width || 0;
    return { width, ratio: devicePixelRatio, dark: isDarkPage(), maxHeight: this.maxHeight() };
  }

  /** On a full screen the controls stay in sight, unless they would leave the picture less than half of it. */
  maxHeight() {
    if (!this.root.classList.contains("course-full")) return Infinity;
    const { paddingTop, paddingBottom } = getComputedStyle(this.root);
    const others = [...this.root.children].filter((child) => child !== this.stage);
    const taken = others.reduce((sum, child) => sum + outerHeight(child), parseFloat(paddingTop) + parseFloat(paddingBottom));
    return Math.max(innerHeight / 2, innerHeight - Math.ceil(taken));
  }

  // Up to date

  paintSoon() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null;
      this.paintNow();
    });
  }

  paintNow() {
    this.root.classList.toggle("course-dark", isDarkPage());
    if (!this.picture.current) return;
    try {
      this.paintFrame(this.picture.current);
      if (this.picture.problem) this.picture.change({ problem: "" });
    } catch (error) {
      this.picture.change({ problem: error.message });
    }
    this.picture.acknowledge();
  }

  paintFrame(current) {
    const isNews = current !== this.painted;
    if (isNews) this.readouts.show(head(current.frame).readouts);
    const room = this.measure();
    if (room.width === 0 || (!isNews && isSameRoom(room, this.room))) return;
    paint(this.canvas, current.frame, room);
    this.room = room;
    this.painted = current;
  }

  refresh() {
    const { picture } = this;
    for (const part of this.parts) part.show();
    if (this.status) say(this.status, picture.status);
    if (picture.card !== this.shownCard) this.card.innerHTML = this.shownCard = picture.card;
    say(this.note, picture.note);
    this.hand.disabled = picture.isLost;
    this.root.classList.toggle("course-lost", picture.isLost);
    this.root.toggleAttribute("data-behind", picture.isBehind);
    this.stage.classList.toggle("course-busy", picture.isBusy);
    this.stage.setAttribute("aria-busy", String(picture.isBusy));
  }
}

/** anywidget does not tell whether a model has its kernel; that of its layout does, which loses it with it. */
function isConnected(model, element) {
  const known = model.comm_live ?? model.get("layout")?.comm_live;
  return known ?? !element.closest(".jupyter-widgets-disconnected");
}

function outerHeight(element) {
  const { marginTop, marginBottom } = getComputedStyle(element);
  return element.offsetHeight ? element.offsetHeight + parseFloat(marginTop) + parseFloat(marginBottom) : 0;
}

function isSameRoom(one, other) {
  return other !== null && Object.keys(one).every((name) => one[name] === other[name]);
}

// ----------------------------------------------------------------------------------------------------------- widget

/** anywidget's hooks. It calls this once a model, so that all views of a model find the same picture here. */
export default () => {
  let picture = null;
  return {
    initialize({ model }) {
      picture = new MovingPicture(model);
      return () => picture.close();
    },
    render({ model, el }) {
      const view = new PictureView(picture, model, el);
      return () => view.close();
    },
  };
};
