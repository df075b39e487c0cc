// Shapes: whole numbers to a plane, arcs to areas and borders.

const L = window.L;
const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const STEP = 1e-5;
const BASE_ZOOM = 12; // one unit of the plane is a pixel at this zoom
const WORLD = 256 * 2 ** BASE_ZOOM;
const [LON0, LAT0] = data.frame;
const ORIGIN = mercator(LON0, LAT0);

function mercator(lon, lat) {
  const sin = Math.sin((lat * Math.PI) / 180);
  return [WORLD * (lon / 360 + 0.5), WORLD * (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI))];
}

// Grid numbers to the plane: x east, y south, from the frame's origin.
function plane(nx, ny) {
  const [x, y] = mercator(LON0 + nx * STEP, LAT0 + ny * STEP);
  return [x - ORIGIN[0], y - ORIGIN[1]];
}

function latLngOf(x, y) {
  const lon = ((x + ORIGIN[0]) / WORLD - 0.5) * 360;
  const n = Math.PI * (1 - (2 * (y + ORIGIN[1])) / WORLD);
  return L.latLng((Math.atan(Math.sinh(n)) * 180) / Math.PI, lon);
}

function planeOf(latLng) {
  const [x, y] = mercator(latLng.lng, latLng.lat);
  return [x - ORIGIN[0], y - ORIGIN[1]];
}

// First vertex and steps, from `at` on, as plane coordinates x, y, x, y …
function decode(numbers, at) {
  const found = new Float32Array(numbers.length - at);
  let nx = 0;
  let ny = 0;
  for (let i = at; i < numbers.length; i += 2) {
    nx += numbers[i];
    ny += numbers[i + 1];
    const [x, y] = plane(nx, ny);
    found[i - at] = x;
    found[i - at + 1] = y;
  }
  return found;
}

function trace(path, xy) {
  path.moveTo(xy[0], xy[1]);
  for (let i = 2; i < xy.length; i += 2) path.lineTo(xy[i], xy[i + 1]);
}

function linesPath(lines) {
  const path = new Path2D();
  for (const line of lines) trace(path, line);
  return path;
}

// Borders of cells, each once, and what can be joined from them.
class Ground {
  constructor(raw) {
    this.cells = raw.cells;
    this.land = raw.land.map((ring) => decode(ring, 0));
    this.left = new Int32Array(raw.arcs.length);
    this.right = new Int32Array(raw.arcs.length);
    this.xy = [];
    this.start = [];
    this.end = [];
    this.box = new Float32Array(raw.cells * 4);
    this.ofCell = Array.from({ length: raw.cells }, () => []);
    for (let c = 0; c < raw.cells; c += 1) {
      this.box.set([Infinity, Infinity, -Infinity, -Infinity], 4 * c);
    }
    raw.arcs.forEach((arc, i) => {
      const xy = decode(arc, 2);
      let nx = 0;
      let ny = 0;
      for (let j = 2; j < arc.length; j += 2) {
        nx += arc[j];
        ny += arc[j + 1];
      }
      this.left[i] = arc[0];
      this.right[i] = arc[1];
      this.xy.push(xy);
      this.start.push(arc[2] + "," + arc[3]);
      this.end.push(nx + "," + ny);
      for (const c of [arc[0], arc[1]]) if (c >= 0) this.widen(c, i, xy);
    });
  }

  widen(cell, arc, xy) {
    this.ofCell[cell].push(arc);
    const at = 4 * cell;
    for (let i = 0; i < xy.length; i += 2) {
      this.box[at] = Math.min(this.box[at], xy[i]);
      this.box[at + 1] = Math.min(this.box[at + 1], xy[i + 1]);
      this.box[at + 2] = Math.max(this.box[at + 2], xy[i]);
      this.box[at + 3] = Math.max(this.box[at + 3], xy[i + 1]);
    }
  }

  // West, north, east, south of the cells for which `wanted` holds.
  bounds(wanted) {
    const all = [Infinity, Infinity, -Infinity, -Infinity];
    for (let c = 0; c < this.cells; c += 1) {
      if (wanted && !wanted(c)) continue;
      all[0] = Math.min(all[0], this.box[4 * c]);
      all[1] = Math.min(all[1], this.box[4 * c + 1]);
      all[2] = Math.max(all[2], this.box[4 * c + 2]);
      all[3] = Math.max(all[3], this.box[4 * c + 3]);
    }
    return all;
  }

  cellAt(x, y) {
    for (let c = 0; c < this.cells; c += 1) {
      const at = 4 * c;
      if (x < this.box[at] || x > this.box[at + 2] || y < this.box[at + 1] || y > this.box[at + 3]) {
        continue;
      }
      let inside = false;
      for (const a of this.ofCell[c]) {
        const xy = this.xy[a];
        for (let i = 2; i < xy.length; i += 2) {
          const y0 = xy[i - 1];
          const y1 = xy[i + 1];
          if (y0 > y !== y1 > y && x < xy[i - 2] + ((y - y0) / (y1 - y0)) * (xy[i] - xy[i - 2])) {
            inside = !inside;
          }
        }
      }
      if (inside) return c;
    }
    return -1;
  }

  // Borders between cells of different groups; `group` may be negative: not drawn.
  // `which` says whether a border between groups a and b counts (-1 = outside).
  borders(group, which) {
    const path = new Path2D();
    for (let i = 0; i < this.xy.length; i += 1) {
      const a = this.left[i] < 0 ? -1 : group[this.left[i]];
      const b = this.right[i] < 0 ? -1 : group[this.right[i]];
      if (a !== b && (!which || which(a, b))) trace(path, this.xy[i]);
    }
    return path;
  }

  // One path of closed rings for each group number that cells carry. The rings end where they
  // began, without closePath: Chromium measures the whole path at each call of that.
  areas(group) {
    const own = new Map();
    const add = (g, arc, forward) => {
      if (g < 0) return;
      if (!own.has(g)) own.set(g, []);
      own.get(g).push([arc, forward]);
    };
    for (let i = 0; i < this.xy.length; i += 1) {
      const a = this.left[i] < 0 ? -1 : group[this.left[i]];
      const b = this.right[i] < 0 ? -1 : group[this.right[i]];
      if (a !== b) {
        add(a, i, true);
        add(b, i, false);
      }
    }
    const found = new Map();
    for (const [g, sides] of own) {
      const path = new Path2D();
      for (const ring of this.rings(sides)) {
        ring.forEach(([arc, forward], n) => {
          const xy = this.xy[arc];
          const last = xy.length - 2;
          for (let i = n ? 2 : 0; i <= last; i += 2) {
            const at = forward ? i : last - i;
            if (n || i) path.lineTo(xy[at], xy[at + 1]);
            else path.moveTo(xy[at], xy[at + 1]);
          }
        });
      }
      found.set(g, path);
    }
    return found;
  }

  // Directed arcs joined end to end.
  rings(sides) {
    const from = new Map();
    sides.forEach(([arc, forward], i) => {
      const key = forward ? this.start[arc] : this.end[arc];
      if (!from.has(key)) from.set(key, []);
      from.get(key).push(i);
    });
    const used = new Uint8Array(sides.length);
    const found = [];
    for (let i = 0; i < sides.length; i += 1) {
      if (used[i]) continue;
      const ring = [];
      let at = i;
      while (at !== undefined) {
        used[at] = 1;
        ring.push(sides[at]);
        const [arc, forward] = sides[at];
        const next = from.get(forward ? this.end[arc] : this.start[arc]) || [];
        at = next.find((n) => !used[n]);
      }
      found.push(ring);
    }
    return found;
  }
}

const grounds = data.grounds.map((raw) => new Ground(raw));
const roads = data.roads.map((raw) => ({
  managed: linesPath(raw.managed.map((line) => decode(line, 0))),
  other: linesPath(raw.other.map((line) => decode(line, 0))),
  any: raw.managed.length + raw.other.length > 0,
  anyManaged: raw.managed.length > 0,
}));

// Class of a value: the first limit it does not exceed.
function classOf(value, limits) {
  let k = 0;
  while (k < limits.length && value > limits[k]) k += 1;
  return k;
}

// A scene with its places on the plane, and the paths it needs, joined when first asked for.
class Scene {
  constructor(raw) {
    this.raw = raw;
    this.ground = grounds[raw.ground];
    this.roads = roads[raw.roads];
    this.seats = raw.stations.at.map(([x, y]) => plane(x, y));
    this.places = raw.places.map((place) => plane(...place.at));
    this.townPoints = raw.townships.map((town) => plane(...town.at));
    this.station = Int32Array.from(raw.cells.station);
    this.centre = this.station.map((s) => raw.stations.centre[s]);
    this.township = Int32Array.from(raw.cells.township);
    this.marks = raw.marks.map(({ kind, colour, lines, at }) => ({
      kind,
      colour,
      path: linesPath(lines.map((line) => decode(line, 0))),
      at: at.map(([x, y]) => plane(x, y)),
    }));
    this.kept = new Map();
    const pairs = new Set(raw.cells.station.map((s, c) => `${s} ${raw.cells.township[c]}`));
    const towns = new Set(raw.cells.township).size;
    this.townsDiffer = pairs.size !== towns || towns !== new Set(raw.cells.station).size;
  }

  keep(key, make) {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }

  minutes(side) {
    return this.raw.cells[side];
  }

  change(cell) {
    const { today, plan } = this.raw.cells;
    return today[cell] === null || plan[cell] === null ? null : plan[cell] - today[cell];
  }

  density(cell) {
    const { alerts, km2 } = this.raw.cells;
    return km2[cell] > 0 ? alerts[cell] / 10 / km2[cell] : null;
  }

  // Class of each cell under a measure; -1 = no value.
  classes(fill, side) {
    return this.keep(`classes ${fill} ${side}`, () => {
      const { response, change, density } = data.scales;
      const of = (value, limits) => (value === null ? -1 : classOf(value, limits));
      const n = this.ground.cells;
      const found = new Int32Array(n);
      for (let c = 0; c < n; c += 1) {
        if (fill === "cell") {
          const m = this.minutes(side)[c];
          found[c] = of(m === null ? null : m / 10, response.limits);
        } else if (fill === "town") {
          const m = this.raw.townships[this.township[c]][side];
          found[c] = of(m === null ? null : m / 10, response.limits);
        } else if (fill === "change") {
          const d = side === "today" ? 0 : this.change(c);
          found[c] = d === null ? -1 : changeClass(d / 10, change.limits);
        } else {
          found[c] = of(this.density(c), density.limits);
        }
      }
      return found;
    });
  }

  areas(key, group) {
    return this.keep(`areas ${key}`, () => this.ground.areas(group()));
  }

  borders(key, group, which) {
    return this.keep(`borders ${key}`, () => this.ground.borders(group(), which));
  }
}

// Losses count from their limit on, gains down to theirs: classes are even on both sides.
function changeClass(value, limits) {
  let k = 0;
  while (k < limits.length && (limits[k] < 0 ? value > limits[k] : value >= limits[k])) k += 1;
  return k;
}

const scenes = data.scenes.map((raw) => new Scene(raw));
const overlays = data.overlays.map((raw) => ({
  ...raw,
  shapes: raw.features.map((feature) => feature.at.map((numbers) => (
    raw.kind === "points" ? pointsOf(numbers) : decode(numbers, 0)
  ))),
}));

// Points are places one by one, not steps.
function pointsOf(numbers) {
  const found = [];
  for (let i = 0; i < numbers.length; i += 2) found.push(...plane(numbers[i], numbers[i + 1]));
  return found;
}

function said(word, values) {
  return Object.entries(values).reduce((text, [k, v]) => text.split(`{${k}}`).join(v), words[word]);
}

function tenth(value, signed) {
  const text = Math.abs(value / 10).toFixed(1);
  if (!signed) return text;
  return (value > 0 ? "+" : value < 0 ? "−" : "±") + text;
}
