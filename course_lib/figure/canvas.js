/**
 * Paints frames (the docstring of frame.py says what they are) on a canvas.
 *
 * What does not change from one frame to the next is computed once: everything that follows from the bytes of a blob is
 * kept beside its Uint8Array, and frames that share a blob share that object.
 */

const VERSION = 1;
const MAGIC = "CFRM";

// The look, in pixels of the place; the painter of saved pictures uses the same numbers.
const PAPER = "#ffffff";
const AXIS = { color: "#5f6368", width: 1.5 };
const NOTCH = { color: "#5f6368", width: 1.4, length: 5 };
const GRID = { color: "#e6e8eb", width: 1.4 };
const HATCH = { width: 1.4, step: 9.7, radius: 1.6 };
const ARROW_HEAD = { length: 5, width: 4.5 }; // in widths of the shaft
const LINE_HEIGHT = 1.2;
const MIDDLE = 0.36; // of the size: half the height of a capital
const FAMILY = '"DejaVu Sans", Verdana, "Bitstream Vera Sans", Geneva, sans-serif';

// A place serves a room down to this part of its width.
const SMALLEST = 0.72;
// The paper of a dark page, and the contrast with it that colours are brought to.
const GROUND = "#16181c";
const CONTRAST = 4.5;
const BRIGHTEST = 0.93; // of a grey: white on a dark page dazzles
// The arithmetic of a canvas is coarse far out. Lines are cut this many boxes outside; corners of shapes are moved to
// the bound, which turns an edge between one that is seen and one that is not by less than a pixel.
const FAR = 20;
const BOUND = 500;
// A browser's time for a stroke grows with the square of its points where it goes up and down, so a long line is drawn
// in several of this many, and a denser one than so many points for a column of pixels loses what cannot be seen.
const STROKE = 16;
const DENSE = 8;

// ---------------------------------------------------------------------------------------------------------- frames

/**
 * The frame whose bytes `Frame.to_bytes()` wrote.
 * @param {ArrayBuffer | DataView | Uint8Array} buffer
 * @returns {{blobs: Uint8Array[]}}
 * @throws {Error} these are no such bytes, or of another version.
 */
export function decode(buffer) {
  const bytes = view(buffer);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 4)) !== MAGIC) {
    throw new Error("This is not a picture of the course: its first bytes are wrong.");
  }
  checkVersion(words.getUint32(4, true));
  const count = words.getUint32(8, true);
  const blobs = [];
  let start = 12 + 4 * count;
  for (let number = 0; number < count && start <= bytes.length; number++) {
    const length = words.getUint32(12 + 4 * number, true);
    blobs.push(bytes.slice(start, start + length));
    start += length + (-length & 3);
  }
  if (start !== bytes.length || count === 0) {
    throw new Error(`This picture is not complete: it has ${bytes.length} bytes. Please run the cell again.`);
  }
  return { blobs };
}

/**
 * The frame that `Frame.since(base)` told of.
 * @param {?{blobs: Uint8Array[]}} base
 * @param {number[]} places for each blob its number in `base`, or -1: the next new one.
 * @param {(ArrayBuffer | DataView | Uint8Array)[]} blobs the new ones.
 */
export function after(base, places, blobs) {
  let next = 0;
  const all = places.map((place) => {
    // A copy: the numbers in it stand at a multiple of four bytes, and the message around it can go.
    const blob = place < 0 ? blobs[next] && view(blobs[next++]).slice() : base?.blobs[place];
    if (!blob) throw new Error("A part of this picture is missing. Please run the cell again.");
    return blob;
  });
  return { blobs: all };
}

/** The head of a frame: version, alt, readouts, plan, panels. */
export function head(frame) {
  const content = json(frame, 0);
  checkVersion(content.version);
  return content;
}

function checkVersion(version) {
  if (version !== VERSION) {
    throw new Error(`This picture is of version ${version}, and the page paints version ${VERSION}: `
      + "please run the cell again.");
  }
}

function view(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new Error("Expected the bytes of a picture: an ArrayBuffer or a view of one.");
}

// ------------------------------------------------------------------------------------------- what follows from blobs

const parsed = new WeakMap(); // blob -> its JSON
const decoded = new WeakMap(); // blob -> its numbers
const spread = new WeakMap(); // reference without a blob -> its numbers
const pictures = new WeakMap(); // blob -> its cells as canvases, by table and columns
const hexes = new WeakMap(); // blob of RGBA -> its colours as texts

function kept(cache, key, make) {
  let value = cache.get(key);
  if (value === undefined) cache.set(key, (value = make()));
  return value;
}

function json(frame, number) {
  const blob = frame.blobs[number];
  return kept(parsed, blob, () => JSON.parse(new TextDecoder().decode(blob)));
}

/** The numbers that a reference means. */
function numbers(frame, reference) {
  if ("at" in reference) {
    const blob = frame.blobs[reference.at];
    return kept(decoded, blob, () => {
      const aligned = blob.byteOffset % 4 ? blob.slice() : blob;
      return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
    });
  }
  return kept(spread, reference, () => {
    const { all, from, to, n } = reference;
    const step = n > 1 ? (to - from) / (n - 1) : 0;
    return Float32Array.from({ length: n }, (_, i) => (all === undefined ? from + i * step : all));
  });
}

/** The cells of an image as `canvas`, of one pixel a cell, `paper` (white where there is a cell that is no hole; for a
 * dark page), and `filled`, the share of such cells. */
function cells(frame, { at, table, size: [columns, rows] }) {
  const colors = table === null ? null : frame.blobs[table];
  const byTable = kept(pictures, frame.blobs[at], () => new Map());
  const bySize = kept(byTable, colors, () => new Map());
  return kept(bySize, columns, () => {
    const pixels = rgba(frame.blobs[at], colors);
    let [drawn, filled] = [null, null];
    return {
      canvas: pixelCanvas(pixels, columns, rows),
      get paper() {
        return (drawn ??= pixelCanvas(pixels.map((byte, i) => 255 * (i % 4 < 3 || byte > 0)), columns, rows));
      },
      get filled() {
        return (filled ??= pixels.filter((byte, i) => i % 4 === 3 && byte > 0).length / (columns * rows));
      },
    };
  });
}

function pixelCanvas(pixels, columns, rows) {
  const canvas = blank(columns, rows);
  canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
  return canvas;
}

function rgba(bytes, table) {
  if (!table) return new Uint8ClampedArray(bytes);
  // Four bytes at a time; both arrays are in the order of the machine.
  const colors = new Uint32Array(table.slice().buffer);
  const pixels = new Uint32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) pixels[i] = colors[bytes[i]];
  return new Uint8ClampedArray(pixels.buffer);
}

function blank(width, height) {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

// ---------------------------------------------------------------------------------------------------------- colours

const toned = new Map(); // color -> the same for a dark page

/** A colour "#rrggbb" or "#rrggbbaa" as the page can show it: in the dark, greys keep their contrast with the paper and
 * colours that would drown shine brighter, in the same hue. */
function tone(color, dark) {
  if (!dark) return color;
  if (toned.size > 5000) toned.clear();
  return kept(toned, color, () => {
    const channels = linear(color);
    const y = luminance(channels);
    const isGrey = Math.max(...channels) - Math.min(...channels) < 0.02 + 0.1 * y;
    const light = isGrey ? mirrored(channels, y) : lifted(channels, y);
    const coded = light.map((value) => Math.round(255 * encoded(value)));
    return `#${coded.map((byte) => byte.toString(16).padStart(2, "0")).join("")}${color.slice(7)}`;
  });
}

function mirrored(channels, y) {
  const ground = luminance(linear(GROUND));
  // Otherwise white would not be the ground exactly.
  if (y > 0.999) return linear(GROUND);
  const wanted = Math.min((1.05 / (y + 0.05)) * (ground + 0.05) - 0.05, BRIGHTEST);
  return channels.map((value) => wanted + (value - y) * Math.min(1, wanted / (y + 1e-6)));
}

function lifted(channels, y) {
  const wanted = 1.01 * (CONTRAST * (luminance(linear(GROUND)) + 0.05) - 0.05);
  if (y >= wanted) return channels;
  // More light of the same colour as far as there is more, then white.
  const gain = Math.max(1, Math.min(wanted / y, 0.9 / Math.max(...channels)));
  const share = Math.max(0, (wanted - gain * y) / (1 - gain * y));
  return channels.map((value) => gain * value + share * (1 - gain * value));
}

function linear(color) {
  return [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

function encoded(value) {
  const inside = Math.min(Math.max(value, 0), 1);
  return inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055;
}

function luminance([red, green, blue]) {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// --------------------------------------------------------------------------------------------------------- painting

/**
 * Paints a frame on a canvas, which gets the size that the picture takes.
 * @param {HTMLCanvasElement} canvas
 * @param {{blobs: Uint8Array[]}} frame
 * @param {{width: number, ratio?: number, dark?: boolean, maxHeight?: number}} room CSS pixels; `ratio` is the number
 *   of pixels of the screen in one of them.
 * @returns {{width: number, height: number, scale: number, panels: {name: string, box: number[]}[]}} CSS pixels.
 */
export function paint(canvas, frame, { width, ratio = 1, dark = false, maxHeight = Infinity }) {
  const { plan, panels } = head(frame);
  const { places } = json(frame, plan);
  const found = places.findIndex((place) => place.width * SMALLEST <= width);
  const at = found < 0 ? places.length - 1 : found;
  const place = places[at];
  const scale = Math.min(width / place.width, maxHeight / place.height);
  const size = resize(canvas, place.width * scale, place.height * scale, ratio);

  const context = canvas.getContext("2d", { alpha: false });
  const pen = { context, frame, at, dark, k: scale * ratio, color: (color) => tone(color, dark) };
  toDevice(pen);
  context.fillStyle = pen.color(PAPER);
  context.fillRect(0, 0, canvas.width, canvas.height);
  const boxes = panels.map(([dress, marks]) => paintPanel(pen, json(frame, dress), json(frame, marks)));
  paintTexts(pen, place.texts);
  return { ...size, scale, panels: boxes.map(({ name, box }) => ({ name, box: box.map((length) => length * scale) })) };
}

function resize(canvas, width, height, ratio) {
  const backing = { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
  // A canvas that is given its own size again would lose its memory and find new.
  if (canvas.width !== backing.width) canvas.width = backing.width;
  if (canvas.height !== backing.height) canvas.height = backing.height;
  const size = { width: backing.width / ratio, height: backing.height / ratio };
  if (canvas.style) {
    canvas.style.width = `${size.width}px`;
    canvas.style.height = `${size.height}px`;
  }
  return size;
}

function toDevice({ context }) {
  context.setTransform(1, 0, 0, 1, 0, 0);
}

function toPlace({ context, k }) {
  context.setTransform(k, 0, 0, k, 0, 0);
}

function paintPanel(pen, dress, marks) {
  const place = dress.places[pen.at];
  const panel = { ...pen, dress, box: place.box };
  if (dress.axes) paintGrid(panel);
  clipped(panel, () => {
    for (const mark of marks.marks) {
      toPlace(panel);
      MARKS[mark.kind]?.(panel, mark);
    }
  });
  // What stands around the box stands on the ground of the page.
  const around = { ...panel, color: pen.color };
  if (dress.axes) paintAxes(around);
  if (dress.scale && place.scale) paintScale(around, dress.scale, place.scale);
  for (const key of place.keys) paintKey(around, key);
  paintTexts(around, place.texts);
  const texts = marks.texts[pen.at] ?? [];
  paintTexts(panel, texts.filter((text) => isInside(panel, text)));
  paintTexts(around, texts.filter((text) => !isInside(panel, text)));
  return { name: dress.name, box: place.box };
}

function isInside({ box: [left, top, width, height] }, [, x, y]) {
  return x > left && x < left + width && y > top && y < top + height;
}

/** Paints with everything outside the box cut off, at whole pixels of the screen. */
function clipped({ context, box, k }, work) {
  const [left, top, right, bottom] = [box[0], box[1], box[0] + box[2], box[1] + box[3]].map((at) => Math.round(at * k));
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  work();
  context.restore();
}

// Fractions of the box to pixels of the place.
const across = ({ box }, x) => box[0] + x * box[2];
const down = ({ box }, y) => box[1] + (1 - y) * box[3];

// ------------------------------------------------------------------------------------------- axes, scales and legends

/** A straight line across an axis, on whole pixels of the screen so that it is sharp; within `limits`, if any. */
function rule({ context, k }, axis, at, from, to, width, limits = [-Infinity, Infinity]) {
  const thick = Math.max(1, Math.round(width * k));
  const [least, most] = limits.map((limit) => Math.round(limit * k));
  const edge = Math.min(Math.max(Math.round(at * k - thick / 2), least), most - thick);
  const [start, end] = [Math.round(from * k), Math.round(to * k)];
  if (axis === "x") context.fillRect(edge, start, thick, end - start);
  else context.fillRect(start, edge, end - start, thick);
}

function ticks({ dress }, axis) {
  const inside = (at) => at >= -1e-6 && at <= 1 + 1e-6;
  return (axis === "x" ? dress.xticks : dress.yticks).filter(inside);
}

function paintGrid(panel) {
  const { context, box, dress } = panel;
  const [columns, rows] = [[box[0], box[0] + box[2]], [box[1], box[1] + box[3]]];
  toDevice(panel);
  context.fillStyle = panel.color(GRID.color);
  for (const axis of dress.grid) {
    for (const tick of ticks(panel, axis)) {
      if (axis === "x") rule(panel, "x", across(panel, tick), ...rows, GRID.width, columns);
      else rule(panel, "y", down(panel, tick), ...columns, GRID.width, rows);
    }
  }
}

function paintAxes(panel) {
  const { context, box, dress } = panel;
  const [left, bottom] = [box[0], box[1] + box[3]];
  toDevice(panel);
  context.fillStyle = panel.color(NOTCH.color);
  for (const axis of dress.notches) {
    for (const tick of ticks(panel, axis)) {
      if (axis === "x") rule(panel, "x", across(panel, tick), bottom, bottom + NOTCH.length, NOTCH.width);
      else rule(panel, "y", down(panel, tick), left - NOTCH.length, left, NOTCH.width);
    }
  }
  context.fillStyle = panel.color(AXIS.color);
  rule(panel, "x", left, box[1], bottom + AXIS.width / 2, AXIS.width);
  rule(panel, "y", bottom, left - AXIS.width / 2, left + box[2], AXIS.width);
}

/** A scale of colours: the last colour of its table on top, or at the bottom where it is flipped. */
function paintScale(panel, scale, box) {
  const { context, frame } = panel;
  const table = frame.blobs[scale.table];
  const steps = cells(frame, { at: scale.table, table: null, size: [1, table.length >> 2] });
  toPlace(panel);
  context.save();
  context.translate(box[0], box[1] + (scale.flip ? 0 : box[3]));
  context.scale(1, scale.flip ? 1 : -1);
  drawCells(context, steps.canvas, [0, 0, box[2], box[3]], true);
  context.restore();
  toDevice(panel);
  context.fillStyle = panel.color(NOTCH.color);
  const right = box[0] + box[2];
  for (const tick of scale.ticks) {
    rule(panel, "y", box[1] + (1 - tick) * box[3], right, right + NOTCH.length, NOTCH.width);
  }
}

function paintKey(panel, key) {
  const { context } = panel;
  const [x, y, width, height] = key.box;
  toPlace(panel);
  if (key.kind === "line") {
    context.beginPath();
    context.moveTo(x, y + height / 2);
    context.lineTo(x + width, y + height / 2);
    stroke(panel, key, "butt");
  } else if (key.kind === "dot") {
    fill(panel, key.color, () => trace(context, key.marker, x + width / 2, y + height / 2, height));
  } else {
    fill(panel, key.color, () => context.rect(x, y, width, height));
    if (key.hatch) paintHatch(panel, key.hatch, [key.box], key.box);
  }
}

// ------------------------------------------------------------------------------------------------------------ texts

function paintTexts(pen, texts) {
  for (const [string, x, y, size, align, angle, color, weight] of texts ?? []) {
    paintText(pen, string, x, y, { size, align, angle, color, weight });
  }
}

/** Text whose first baseline starts, ends or has its middle at (x, y), pixels of the place. */
function paintText(pen, string, x, y, { size, align = "left", angle = 0, color, weight = "normal" }) {
  const { context, k } = pen;
  // The font has the size of the screen, not one that is scaled: letters stay sharp.
  context.setTransform(1, 0, 0, 1, x * k, y * k);
  if (angle) context.rotate((-angle * Math.PI) / 180);
  context.font = `${weight} ${size * k}px ${FAMILY}`;
  context.textRendering = "geometricPrecision";
  // As the widths were measured from which the places of texts follow.
  context.fontKerning = "none";
  context.textBaseline = "alphabetic";
  context.textAlign = align;
  context.fillStyle = pen.color(color);
  string.split("\n").forEach((line, number) => context.fillText(line, 0, number * LINE_HEIGHT * size * k));
}

// ------------------------------------------------------------------------------------------------------------ marks

const MARKS = {
  line(panel, mark) {
    const [x, y] = [mark.x, mark.y].map((reference) => numbers(panel.frame, reference));
    // Strokes that overlap at their round ends are one line if nothing shines through.
    const isWhole = mark.dash.length > 0 || mark.color.length > 7;
    let points = 0;
    panel.context.beginPath();
    for (const [from, to] of runs(x, y)) {
      for (const piece of pieces(seen(panel, x, y, from, to), isWhole ? Infinity : STROKE)) {
        polyline(panel, x, y, piece);
        points += piece.length;
        if (isWhole || points < STROKE) continue;
        stroke(panel, mark);
        panel.context.beginPath();
        points = 0;
      }
    }
    stroke(panel, mark);
  },

  area(panel, mark) {
    const [x, y, base] = [mark.x, mark.y, mark.base].map((reference) => numbers(panel.frame, reference));
    fill(panel, mark.color, (context) => {
      for (const [from, to] of runs(x, y, base)) {
        for (let i = from; i < to; i++) corner(panel, x[i], y[i], i === from);
        for (let i = to - 1; i >= from; i--) corner(panel, x[i], base[i]);
        context.closePath();
      }
    });
  },

  polygon(panel, mark) {
    const [x, y] = [mark.x, mark.y].map((reference) => numbers(panel.frame, reference));
    fill(panel, mark.color, (context) => {
      for (const [from, to] of runs(x, y)) {
        for (let i = from; i < to; i++) corner(panel, x[i], y[i], i === from);
        context.closePath();
      }
    });
  },

  bars(panel, { left, top, width, base, colors, hatch }) {
    const rectangles = barsOf(panel, numbers(panel.frame, left), numbers(panel.frame, top), width, base);
    // Bars of one colour are one shape: no seam shows where two of them meet.
    for (const color of new Set(colors)) {
      fill(panel, color, (context) => {
        rectangles.forEach((rectangle, i) => {
          if (rectangle && (colors.length === 1 || colors[i] === color)) context.rect(...rectangle);
        });
      });
    }
    if (hatch) paintHatch(panel, hatch, rectangles.filter(Boolean), panel.box);
  },

  image(panel, mark) {
    const [left, bottom, right, top] = mark.box;
    const { context } = panel;
    context.save();
    // The box may be mirrored: then so are the cells.
    context.transform(
      (right - left) * panel.box[2], 0, 0, (top - bottom) * panel.box[3], across(panel, left), down(panel, top));
    const picture = cells(panel.frame, mark);
    if (panel.dark) drawCells(context, picture.paper, [0, 0, 1, 1], mark.smooth);
    context.globalAlpha = mark.alpha ?? 1;
    drawCells(context, picture.canvas, [0, 0, 1, 1], mark.smooth);
    context.restore();
    if (panel.dark && shownShare(mark.box) * picture.filled > 0.5) lightUp(panel);
  },

  points(panel, mark) {
    const [x, y] = [numbers(panel.frame, mark.x), numbers(panel.frame, mark.y)];
    const colors = pointColors(panel, mark);
    const edge = mark.edge && mark.edgeWidth > 0 ? panel.color(mark.edge) : null;
    paintPoints(panel, x, y, colors, { ...mark, edge });
  },

  arrows(panel, mark) {
    const [x, y, u, v] = [mark.x, mark.y, mark.u, mark.v].map((reference) => numbers(panel.frame, reference));
    fill(panel, mark.color, (context) => {
      for (let i = 0; i < x.length; i++) {
        const [dx, dy] = [u[i] * panel.box[2], -v[i] * panel.box[3]];
        const length = Math.hypot(dx, dy);
        if (!(length > 0) || !Number.isFinite(x[i] + y[i] + length)) continue;
        arrow(context, across(panel, x[i]), down(panel, y[i]), dx / length, dy / length, length, mark.width);
      }
    });
  },

  text(panel, mark) {
    if (!Number.isFinite(mark.x) || !Number.isFinite(mark.y)) return;
    const below = MIDDLE - ((mark.string.split("\n").length - 1) * LINE_HEIGHT) / 2;
    paintText(panel, mark.string, across(panel, mark.x), down(panel, mark.y) + below * mark.size, mark);
  },
};

/** The share of the panel that a box takes. */
function shownShare([left, bottom, right, top]) {
  const inside = (value) => Math.min(Math.max(value, 0), 1);
  return Math.abs((inside(right) - inside(left)) * (inside(top) - inside(bottom)));
}

/** A picture that keeps its colours is the ground of all that follows in its panel, as on a light page. */
function lightUp(panel) {
  panel.color = (color) => color;
}

/** Where all arrays are finite: [first, behind the last], one after the other. */
function* runs(...arrays) {
  const length = Math.min(...arrays.map((array) => array.length));
  let from = -1;
  for (let i = 0; i <= length; i++) {
    const finite = i < length && arrays.every((array) => Number.isFinite(array[i]));
    if (finite && from < 0) from = i;
    if (!finite && from >= 0) {
      yield [from, i];
      from = -1;
    }
  }
}

/** Fills the path that `draw` makes. */
function fill(panel, color, draw) {
  const { context } = panel;
  context.beginPath();
  draw(context);
  context.fillStyle = panel.color(color);
  context.fill();
}

/** Goes on to a point of the panel, or begins there. */
function corner(panel, x, y, first = false) {
  const [column, row] = [across(panel, bounded(x)), down(panel, bounded(y))];
  if (first) panel.context.moveTo(column, row);
  else panel.context.lineTo(column, row);
}

function bounded(value) {
  return Math.min(Math.max(value, -BOUND), BOUND);
}

/** Rectangles [x, y, width, height] in pixels of the place; null where a number is missing. */
function barsOf(panel, left, top, width, base) {
  const start = down(panel, bounded(base));
  return Array.from(top, (value, i) => {
    if (Number.isNaN(left[i] + value)) return null;
    const end = down(panel, bounded(value));
    return [across(panel, bounded(left[i])), Math.min(start, end), width * panel.box[2], Math.abs(start - end)];
  });
}

/** Which points of a run have to be drawn: all, or the first, lowest, highest and last in each column of pixels of the
 * screen where many share it. */
function seen(panel, x, y, from, to) {
  const wide = panel.box[2] * panel.k;
  const columns = Math.abs(x[to - 1] - x[from]) * wide;
  let rising = to - from > DENSE * (columns + 1);
  for (let i = from + 1; rising && i < to; i++) rising = x[i] >= x[i - 1];
  if (!rising) return Array.from({ length: to - from }, (_, i) => from + i);
  const chosen = [];
  for (let start = from, end = from; start < to; start = end) {
    const column = Math.floor(x[start] * wide);
    let [low, high] = [start, start];
    for (; end < to && Math.floor(x[end] * wide) === column; end++) {
      if (y[end] < y[low]) low = end;
      if (y[end] > y[high]) high = end;
    }
    chosen.push(...new Set([start, Math.min(low, high), Math.max(low, high), end - 1]));
  }
  return chosen;
}

/** Cuts a list into parts; each begins with what ended the one before. */
function* pieces(list, length) {
  if (list.length <= length) yield list;
  else for (let start = 0; start < list.length - 1; start += length) yield list.slice(start, start + length + 1);
}

function polyline(panel, x, y, indices) {
  const { context } = panel;
  let before = -1;
  let joined = false;
  for (const i of indices) {
    const far = isFar(x[i], y[i]);
    if (before >= 0 && (far || isFar(x[before], y[before]))) {
      const piece = cut(x[before], y[before], x[i], y[i]);
      if (piece) {
        context.moveTo(across(panel, piece[0]), down(panel, piece[1]));
        context.lineTo(across(panel, piece[2]), down(panel, piece[3]));
      }
      joined = false;
    }
    if (!far) {
      if (joined) context.lineTo(across(panel, x[i]), down(panel, y[i]));
      else context.moveTo(across(panel, x[i]), down(panel, y[i]));
    }
    joined = !far;
    before = i;
  }
  // A single point is a dot: its round caps.
  if (indices.length === 1 && joined) context.lineTo(across(panel, x[before]), down(panel, y[before]));
}

function isFar(x, y) {
  return x < -FAR || x > 1 + FAR || y < -FAR || y > 1 + FAR;
}

/** The part of a segment that is not far out, or null. */
function cut(x, y, toX, toY) {
  const [from, step] = [[x, y], [toX - x, toY - y]];
  let [enter, leave] = [{ at: 0 }, { at: 1 }];
  for (const axis of [0, 1]) {
    if (step[axis] === 0 && (from[axis] < -FAR || from[axis] > 1 + FAR)) return null;
    if (step[axis] === 0) continue;
    const crossings = [-FAR, 1 + FAR].map((limit) => ({ at: (limit - from[axis]) / step[axis], axis, limit }));
    crossings.sort((one, other) => one.at - other.at);
    if (crossings[0].at > enter.at) enter = crossings[0];
    if (crossings[1].at < leave.at) leave = crossings[1];
  }
  if (enter.at > leave.at) return null;
  return [enter, leave].flatMap(({ at, axis, limit }) => {
    const point = at === 1 ? [toX, toY] : from.map((start, i) => start + at * step[i]);
    // Exactly, however far out the segment begins.
    if (axis !== undefined) point[axis] = limit;
    return point;
  });
}

/** Strokes the path: `width` and `dash` are pixels of the place. */
function stroke(panel, { color, width, dash }, cap = "round") {
  const { context } = panel;
  if (!(width > 0)) return;
  context.strokeStyle = panel.color(color);
  context.lineWidth = width;
  context.lineJoin = "round";
  context.lineCap = dash?.length ? "butt" : cap;
  context.setLineDash(dash ?? []);
  context.stroke();
  context.setLineDash([]);
}

/** Hatching of rectangles in the colour of the paper, counted from the upper left corner of `box`, which stands still
 * where bars move. What stands outside the box is cut. */
function paintHatch(panel, hatch, rectangles, box) {
  const { context } = panel;
  const [left, top, width, height] = box;
  context.save();
  context.beginPath();
  for (const rectangle of rectangles) context.rect(...rectangle);
  context.clip();
  context.translate(left, top);
  context.fillStyle = context.strokeStyle = panel.color(PAPER);
  context.lineWidth = HATCH.width;
  context.lineCap = "butt";
  context.beginPath();
  if (hatch === "///" || hatch === "xxx") hatchLines(context, width, height, true);
  if (hatch === "\\\\\\" || hatch === "xxx") hatchLines(context, width, height, false);
  context.stroke();
  context.beginPath();
  if (hatch === "...") hatchDots(context, width, height);
  context.fill();
  context.restore();
}

/** Lines `HATCH.step` apart through a box, one of them through the corner. */
function hatchLines(context, width, height, rising) {
  const step = HATCH.step * Math.SQRT2;
  const slope = rising ? -1 : 1;
  const first = rising ? 0 : -Math.ceil(height / step);
  for (let number = first; number * step <= width + (rising ? height : 0); number++) {
    context.moveTo(number * step, 0);
    context.lineTo(number * step + slope * height, height);
  }
}

function hatchDots(context, width, height) {
  const { step, radius } = HATCH;
  for (let y = step / 2; y < height + radius; y += step) {
    for (let x = step / 2; x < width + radius; x += step) {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
  }
}

function drawCells(context, picture, [x, y, width, height], smooth) {
  context.imageSmoothingEnabled = Boolean(smooth);
  context.imageSmoothingQuality = "medium"; // linear, and averages where it shrinks
  context.drawImage(picture, x, y, width, height);
}

/** An arrow of `length` from (x, y) in the direction (dx, dy) of length 1. */
function arrow(context, x, y, dx, dy, length, width) {
  const size = Math.min(1, length / (ARROW_HEAD.length * width)) * width;
  const neck = length - ARROW_HEAD.length * size;
  const point = (along, beside) => [x + along * dx - beside * dy, y + along * dy + beside * dx];
  context.moveTo(...point(length, 0));
  context.lineTo(...point(neck, (ARROW_HEAD.width / 2) * size));
  if (neck > 1e-9) {
    context.lineTo(...point(neck, size / 2));
    context.lineTo(...point(0, size / 2));
    context.lineTo(...point(0, -size / 2));
    context.lineTo(...point(neck, -size / 2));
  }
  context.lineTo(...point(neck, (-ARROW_HEAD.width / 2) * size));
  context.closePath();
}

// ----------------------------------------------------------------------------------------------------------- points

/** One colour for each point, or one for all. Colours that a scale explains stay what they are. */
function pointColors(panel, { colors }) {
  if (Array.isArray(colors)) return colors.map(panel.color);
  const bytes = panel.frame.blobs[colors.at];
  const own = kept(hexes, bytes, () => {
    const texts = new Map();
    const words = new Uint32Array(bytes.slice().buffer);
    return Array.from(words, (word, i) => kept(texts, word, () => hex(bytes.subarray(4 * i, 4 * i + 4))));
  });
  return panel.dress.scale ? own : own.map(panel.color);
}

function hex(bytes) {
  return `#${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function paintPoints(panel, x, y, colors, look) {
  const { context, k } = panel;
  const [left, top, width, height] = panel.box;
  const reach = extent(look);
  // As many stamps as points would be needed for as many colours.
  const stamps = x.length > STAMP.least && new Set(colors).size * PHASES ** 2 <= x.length && reach * k <= STAMP.reach;
  if (stamps) toDevice(panel);
  context.imageSmoothingEnabled = false; // whole pixels
  const made = stamps && stampsOf(look, k);
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [across(panel, x[i]), down(panel, y[i])];
    // False for NaN, too.
    if (!(px > left - reach && px < left + width + reach && py > top - reach && py < top + height + reach)) continue;
    const color = colors.length > 1 ? colors[i] : colors[0];
    if (stamps) stamp(context, kept(made, color, () => makeStamps(look, color, k)), px * k, py * k);
    else drawPoint(context, look, color, px, py);
  }
}

function drawPoint(context, { size, marker, edge, edgeWidth }, color, x, y) {
  context.fillStyle = color;
  context.beginPath();
  trace(context, marker, x, y, size);
  context.fill();
  if (!edge) return;
  context.strokeStyle = edge;
  context.lineWidth = edgeWidth;
  context.lineJoin = "round";
  context.stroke();
}

/** How far a point reaches from its centre. */
function extent({ size, marker, edgeWidth }) {
  return size * (marker ? Math.max(...marker.map(([x, y]) => Math.hypot(x, y))) : 0.5) + (edgeWidth || 0);
}

// A point is drawn once for each of its positions in a pixel, and then copied: many times faster than a path each, and
// unlike one path for all it lets points lie over each other.
const PHASES = 4;
const STAMP = { least: 40, reach: 40, kept: 200 };
const stampsKept = new Map();

/** The stamps of a look at a size, by their colour. */
function stampsOf({ size, marker, edge, edgeWidth }, k) {
  if (stampsKept.size > STAMP.kept) stampsKept.clear();
  return kept(stampsKept, JSON.stringify([size, marker, edge, edgeWidth, k]), () => new Map());
}

function makeStamps(look, color, k) {
  const middle = Math.ceil(extent(look) * k) + 1;
  const side = 2 * middle + 1;
  const canvas = blank(side * PHASES, side * PHASES);
  const context = canvas.getContext("2d");
  for (let row = 0; row < PHASES; row++) {
    for (let column = 0; column < PHASES; column++) {
      context.setTransform(k, 0, 0, k, column * (side + 1 / PHASES) + middle, row * (side + 1 / PHASES) + middle);
      drawPoint(context, look, color, 0, 0);
    }
  }
  return { picture: canvas.transferToImageBitmap?.() ?? canvas, middle, side };
}

/** Copies a point to (x, y), pixels of the screen. */
function stamp(context, { picture, middle, side }, x, y) {
  const [column, row] = [Math.round(x * PHASES), Math.round(y * PHASES)];
  context.drawImage(
    picture, (column & (PHASES - 1)) * side, (row & (PHASES - 1)) * side, side, side,
    (column >> 2) - middle, (row >> 2) - middle, side, side);
}

/** The outline of a marker around (x, y). */
function trace(context, marker, x, y, size) {
  if (!marker) {
    context.moveTo(x + size / 2, y);
    context.arc(x, y, size / 2, 0, 2 * Math.PI);
    return;
  }
  marker.forEach(([cornerX, cornerY], i) => {
    if (i) context.lineTo(x + cornerX * size, y - cornerY * size);
    else context.moveTo(x + cornerX * size, y - cornerY * size);
  });
  context.closePath();
}
