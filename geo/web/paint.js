// One side of the map on a canvas, on screen and on paper alike.

const INK = "#16202E";
const SOFT = "#5B6470";
const LAND = "#FBFAF7";
const ROAD = "#4A4335";
const MANAGED = "#3F3829";
const DUTY = "#1D5FA8";
const ISOCHRONE = "#6E2A6B";
const FLOWS = ["#5B6470", DUTY, "#B0246A"];
const OVERLAY = ["#B0246A", "#1D5FA8", "#6E2A6B", "#2E6B3E"];
const MISSING = "#DDDAD3";
const FAMILY = getComputedStyle(document.body).fontFamily;
const MOVES = ["moves_bundle", "moves_road", "moves_reassign"];
const MANY_CELLS = 3000;
const STAYS = 0;
const CENTRE = 1;
const OFFICE = 2;

// What is painted: `show` holds the names of the layers that are on.
function paint(ctx, view, scene, side, show) {
  const { ratio, k } = view;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, view.w, view.h);
  ctx.setTransform(ratio * k, 0, 0, ratio * k, ratio * view.tx, ratio * view.ty);
  // Round joins of a city's many corners take longer to draw than all else.
  const many = scene.ground.cells >= MANY_CELLS;
  ctx.lineJoin = many ? "bevel" : "round";
  ctx.lineCap = many ? "butt" : "round";
  const px = 1 / k;
  paintAreas(ctx, px, scene, side, show);
  if (show.has("roads")) paintRoads(ctx, px, view, scene, show);
  paintBorders(ctx, px, view, scene, side, show);
  if (show.has("isochrones")) paintBands(ctx, px, scene, side);
  if (show.has("duties")) paintDuties(ctx, px, scene, side);
  if (show.has("closures")) paintClosures(ctx, px, scene);
  overlays.forEach((overlay, i) => {
    if (show.has(`overlay ${i}`)) paintOverlay(ctx, px, overlay, i);
  });
  if (show.has("links") && side === "plan") paintLinks(ctx, px, scene);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  const taken = show.has("stations") ? symbolBoxes(view, scene) : [];
  if (side === "plan") paintMoves(ctx, view, scene, show, taken);
  paintSymbols(ctx, view, scene, side, show);
  paintNames(ctx, view, scene, side, show, taken);
}

function stroke(ctx, path, colour, width, dash) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash || []);
  ctx.stroke(path);
  ctx.setLineDash([]);
}

const everyCell = (scene) => new Int32Array(scene.ground.cells);
const groupOf = (scene, side) => (side === "today" ? scene.station : scene.centre);

function paintAreas(ctx, px, scene, side, show) {
  const county = scene.areas("county", () => everyCell(scene)).get(0);
  const land = scene.keep("land", () => linesPath(scene.ground.land));
  if (scene.ground.cells < MANY_CELLS) {
    const rim = scene.borders("rim", () => everyCell(scene));
    stroke(ctx, rim, "rgba(40, 36, 24, 0.09)", 8 * px);
  }
  ctx.fillStyle = LAND;
  ctx.fill(land, "evenodd");
  if (county) ctx.fill(county, "evenodd");
  if (show.fill === "none") return;
  if (show.fill === "units") {
    const colours = scene.raw.stations[side === "today" ? "fill_today" : "fill_plan"];
    for (const [g, path] of scene.areas(side, () => groupOf(scene, side))) {
      ctx.fillStyle = colours[g];
      ctx.fill(path, "evenodd");
    }
    return;
  }
  const scale = data.scales[{ cell: "response", town: "response" }[show.fill] || show.fill];
  const key = `${show.fill} ${show.fill === "density" ? "" : side}`;
  const classes = scene.classes(show.fill, side);
  ctx.fillStyle = MISSING;
  if (county) ctx.fill(county, "evenodd");
  // Each class with all above it, from the lowest up: no hairline of the ground between two.
  scale.colours.forEach((colour, k) => {
    const upwards = scene.areas(`${key} ${k}`, () => classes.map((c) => (c >= k ? 0 : -1))).get(0);
    ctx.fillStyle = colour;
    if (upwards) ctx.fill(upwards, "evenodd");
  });
}

function paintRoads(ctx, px, view, scene, show) {
  const near = Math.min(1, Math.max(0, Math.log2(view.k) / 4 + 0.75));
  const county = scene.areas("county", () => everyCell(scene)).get(0);
  ctx.save();
  if (county) ctx.clip(county, "evenodd");
  ctx.globalAlpha = 0.12 + 0.2 * near;
  stroke(ctx, scene.roads.other, ROAD, (0.5 + 0.6 * near) * px);
  ctx.globalAlpha = show.fill === "units" ? 0.5 : 0.4;
  stroke(ctx, scene.roads.managed, MANAGED, (0.9 + 1.2 * near) * px);
  ctx.restore();
}

function paintBorders(ctx, px, view, scene, side, show) {
  const group = groupOf(scene, side);
  if (scene.ground.cells < MANY_CELLS && view.k > 1.2) {
    const cells = scene.borders("cells", () => Int32Array.from(group.keys()));
    stroke(ctx, cells, "rgba(255, 255, 255, 0.5)", 0.7 * px);
  }
  if (show.has("townships") && scene.townsDiffer) {
    stroke(ctx, scene.borders("towns", () => scene.township), "rgba(22, 32, 46, 0.45)", 0.7 * px);
  }
  if (side === "plan") {
    const dropped = scene.keep("dropped", () => {
      const path = new Path2D();
      const { left, right, xy } = scene.ground;
      for (let i = 0; i < xy.length; i += 1) {
        const [a, b] = [left[i], right[i]];
        if (a >= 0 && b >= 0 && scene.centre[a] === scene.centre[b]
            && scene.station[a] !== scene.station[b]) trace(path, xy[i]);
      }
      return path;
    });
    stroke(ctx, dropped, "rgba(22, 32, 46, 0.7)", 1.5 * px, [0.8 * px, 3.4 * px]);
  }
  const inner = scene.borders(`inner ${side}`, () => group, (a, b) => a >= 0 && b >= 0);
  stroke(ctx, inner, "rgba(255, 255, 255, 0.85)", 3.2 * px);
  stroke(ctx, inner, INK, 1.15 * px);
  stroke(ctx, scene.borders("rim", () => everyCell(scene)), INK, 1.9 * px);
}

function paintBands(ctx, px, scene, side) {
  const { limits } = data.scales.response;
  limits.forEach((limit, i) => {
    const path = bandPath(scene, side, limit);
    stroke(ctx, path, "rgba(255, 255, 255, 0.9)", (3 + 0.3 * i) * px);
    ctx.globalAlpha = 0.55 + (0.45 * i) / limits.length;
    stroke(ctx, path, ISOCHRONE, (1.1 + 0.3 * i) * px);
    ctx.globalAlpha = 1;
  });
}

function isWithin(scene, side, limit) {
  const minutes = scene.minutes(side);
  const found = new Int32Array(scene.ground.cells);
  for (let c = 0; c < found.length; c += 1) {
    found[c] = minutes[c] !== null && minutes[c] <= 10 * limit ? 1 : 0;
  }
  return found;
}

function bandPath(scene, side, limit) {
  return scene.borders(
    `band ${side} ${limit}`, () => isWithin(scene, side, limit), (a, b) => a >= 0 && b >= 0,
  );
}

// The middle of the longest border of a band, for its label.
function bandPoint(scene, side, limit) {
  return scene.keep(`band point ${side} ${limit}`, () => {
    const within = isWithin(scene, side, limit);
    const { left, right, xy } = scene.ground;
    let best = null;
    for (let i = 0; i < xy.length; i += 1) {
      if (left[i] < 0 || right[i] < 0 || within[left[i]] === within[right[i]]) continue;
      const line = xy[i];
      const reach = Math.hypot(line[line.length - 2] - line[0], line[line.length - 1] - line[1]);
      const at = 2 * Math.floor(line.length / 4);
      if (!best || reach > best[2]) best = [line[at], line[at + 1], reach];
    }
    return best;
  });
}

function paintDuties(ctx, px, scene, side) {
  stroke(ctx, scene.roads.managed, "rgba(255, 255, 255, 0.8)", 4.2 * px);
  stroke(ctx, scene.roads.managed, DUTY, 2.2 * px);
  const path = new Path2D();
  for (const [row, kind, at] of scene.raw[side === "today" ? "duties_today" : "duties"]) {
    const [a, b] = [scene.seats[row], kind ? scene.places[at] : scene.seats[at]];
    path.moveTo(...a);
    path.lineTo(...b);
  }
  stroke(ctx, path, "rgba(255, 255, 255, 0.8)", 3 * px);
  stroke(ctx, path, DUTY, 1.3 * px, [5 * px, 4 * px]);
}

function paintClosures(ctx, px, scene) {
  for (const { kind, colour, path, at } of scene.marks) {
    if (kind === "slower" || kind === "faster") {
      stroke(ctx, path, colour, 4 * px);
      continue;
    }
    stroke(ctx, path, "#FFFFFF", 6.5 * px);
    stroke(ctx, path, colour, 4.5 * px, kind === "ferry" ? [8 * px, 6 * px] : []);
    for (const [x, y] of at) {
      cross(ctx, x, y, 7 * px, "#FFFFFF", 6 * px);
      cross(ctx, x, y, 7 * px, colour, 3.2 * px);
    }
  }
}

function cross(ctx, x, y, r, colour, width) {
  const path = new Path2D();
  path.moveTo(x - r, y - r);
  path.lineTo(x + r, y + r);
  path.moveTo(x - r, y + r);
  path.lineTo(x + r, y - r);
  stroke(ctx, path, colour, width);
}

function paintLinks(ctx, px, scene) {
  const path = new Path2D();
  scene.raw.stations.centre.forEach((centre, s) => {
    if (centre === s) return;
    path.moveTo(...scene.seats[centre]);
    path.lineTo(...scene.seats[s]);
  });
  stroke(ctx, path, "rgba(255, 255, 255, 0.92)", 4.6 * px);
  stroke(ctx, path, INK, 1.8 * px);
}

function paintOverlay(ctx, px, overlay, i) {
  const colour = OVERLAY[i % OVERLAY.length];
  for (const shapes of overlay.shapes) {
    const path = new Path2D();
    for (const xy of shapes) {
      if (overlay.kind === "points") {
        for (let j = 0; j < xy.length; j += 2) {
          path.moveTo(xy[j] + 5 * px, xy[j + 1]);
          path.arc(xy[j], xy[j + 1], 5 * px, 0, 2 * Math.PI);
        }
      } else trace(path, xy);
    }
    ctx.fillStyle = colour;
    ctx.globalAlpha = overlay.kind === "points" ? 0.75 : 0.22;
    if (overlay.kind !== "lines") ctx.fill(path, "evenodd");
    ctx.globalAlpha = 1;
    if (!overlay.shade) stroke(ctx, path, overlay.kind === "points" ? "#FFFFFF" : colour, 1.6 * px);
  }
}

// --- on the screen: sizes in pixels whatever the zoom ------------------------------------------

function onScreen(view, [x, y]) {
  return [x * view.k + view.tx, y * view.k + view.ty];
}

// Functional units share a seat with a station and step aside.
function placeOnScreen(view, scene, row) {
  const [x, y] = onScreen(view, scene.places[row]);
  const place = scene.raw.places[row];
  if (place.kind === "units") return [x + 30, y - 30];
  const beside = scene.seats.some((seat) => {
    const [sx, sy] = onScreen(view, seat);
    return Math.hypot(sx - x, sy - y) < 12;
  });
  return beside ? [x, y - 15] : [x, y];
}

function nodeOnScreen(view, scene, kind, row) {
  return kind ? placeOnScreen(view, scene, row) : onScreen(view, scene.seats[row]);
}

const SIZES = { centre: 8.5, town: 5.6, rural: 4.8, office: 4.4, squad: 5.2, units: 5.5 };

function symbol(ctx, kind, x, y) {
  const r = SIZES[kind.replace("_ends", "")];
  ctx.beginPath();
  ctx.lineWidth = 1.4;
  ctx.strokeStyle = INK;
  ctx.fillStyle = "#FFFFFF";
  if (kind === "centre") {
    for (let i = 0; i < 10; i += 1) {
      const reach = i % 2 ? 0.46 * r : r;
      const angle = (Math.PI * i) / 5 - Math.PI / 2;
      ctx.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
    }
    ctx.closePath();
    ctx.strokeStyle = "#FFFFFF";
    ctx.lineWidth = 3;
    ctx.stroke();
    ctx.fillStyle = INK;
    ctx.fill();
    return;
  }
  if (kind === "town") ctx.rect(x - r + 0.6, y - r + 0.6, 2 * r - 1.2, 2 * r - 1.2);
  else if (kind.startsWith("squad")) {
    ctx.moveTo(x, y - r - 1);
    ctx.lineTo(x + r + 0.5, y + r - 0.5);
    ctx.lineTo(x - r - 0.5, y + r - 0.5);
    ctx.closePath();
    ctx.fillStyle = kind === "squad" ? DUTY : "#FFFFFF";
    ctx.strokeStyle = kind === "squad" ? "#FFFFFF" : DUTY;
  } else if (kind === "units") {
    ctx.moveTo(x, y - r - 1);
    ctx.lineTo(x + r + 1, y);
    ctx.lineTo(x, y + r + 1);
    ctx.lineTo(x - r - 1, y);
    ctx.closePath();
    ctx.fillStyle = FLOWS[2];
    ctx.strokeStyle = "#FFFFFF";
  } else ctx.arc(x, y, r, 0, 2 * Math.PI);
  if (kind === "office") {
    ctx.lineWidth = 1.6;
    ctx.fillStyle = "#FFFFFF";
  }
  ctx.fill();
  ctx.stroke();
  if (kind === "rural" || kind === "town") {
    ctx.beginPath();
    ctx.arc(x, y, 1.9, 0, 2 * Math.PI);
    ctx.fillStyle = INK;
    ctx.fill();
  }
}

function dutyRing(ctx, x, y, r = 12) {
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.lineWidth = 4.4;
  ctx.strokeStyle = "rgba(255, 255, 255, 0.9)";
  ctx.stroke();
  ctx.lineWidth = 2.2;
  ctx.strokeStyle = DUTY;
  ctx.stroke();
}

function stationKind(scene, row, side) {
  const fate = side === "today" ? STAYS : scene.raw.stations.fate[row];
  if (fate === CENTRE) return "centre";
  if (fate === OFFICE) return "office";
  return scene.raw.stations.urban[row] ? "town" : "rural";
}

function paintSymbols(ctx, view, scene, side, show) {
  const { raw } = scene;
  if (show.has("duties") && side === "plan") {
    for (const row of raw.stations.duty) dutyRing(ctx, ...onScreen(view, scene.seats[row]));
  }
  if (show.has("stations")) {
    const order = scene.seats.map((_, row) => row);
    order.sort((a, b) => (raw.stations.fate[a] === CENTRE) - (raw.stations.fate[b] === CENTRE));
    for (const row of order) {
      symbol(ctx, stationKind(scene, row, side), ...onScreen(view, scene.seats[row]));
    }
  }
  raw.places.forEach((place, row) => {
    const at = placeOnScreen(view, scene, row);
    if (place.kind === "squad" && (show.has("duties") || show.has("moves_road"))) {
      symbol(ctx, side === "plan" && place.ends ? "squad_ends" : "squad", ...at);
    }
    if (place.kind === "units" && show.has("moves_reassign") && side === "plan") {
      const seat = onScreen(view, scene.places[row]);
      ctx.beginPath();
      ctx.moveTo(...seat);
      ctx.lineTo(...at);
      ctx.lineWidth = 1;
      ctx.strokeStyle = FLOWS[2];
      ctx.stroke();
      symbol(ctx, "units", ...at);
    }
  });
}

function symbolBoxes(view, scene) {
  return scene.seats.map((seat, row) => {
    const [x, y] = onScreen(view, seat);
    const r = scene.raw.stations.fate[row] === CENTRE ? 8 : 5.5;
    return [x - r, y - r, x + r, y + r];
  });
}

// Curves from unit to unit, as wide as the officers are many, with their number.
function paintMoves(ctx, view, scene, show, taken) {
  const numbers = [];
  for (const [kindA, a, kindB, b, officers, reason] of scene.raw.moves) {
    if (!show.has(MOVES[reason])) continue;
    const from = nodeOnScreen(view, scene, kindA, a);
    const to = nodeOnScreen(view, scene, kindB, b);
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const long = Math.hypot(dx, dy);
    if (long < 6) continue;
    const bend = (reason === 0 ? 0.12 : 0.2) * (reason === 1 ? -1 : 1);
    const mid = [(from[0] + to[0]) / 2 - bend * dy, (from[1] + to[1]) / 2 + bend * dx];
    const wide = Math.min(9, 0.8 + 1.15 * Math.sqrt(officers));
    const tip = towards(to, mid, 9);
    const head = 4 + wide;
    const neck = towards(tip, mid, head * 0.8);
    for (const [colour, width] of [["rgba(255, 255, 255, 0.85)", wide + 2.4], [FLOWS[reason], wide]]) {
      ctx.beginPath();
      ctx.moveTo(...towards(from, mid, 7));
      ctx.quadraticCurveTo(...mid, ...neck);
      ctx.lineWidth = width;
      ctx.lineCap = "butt";
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
    const angle = Math.atan2(tip[1] - mid[1], tip[0] - mid[0]);
    ctx.beginPath();
    ctx.moveTo(...tip);
    for (const turn of [2.62, -2.62]) {
      ctx.lineTo(tip[0] + head * Math.cos(angle + turn), tip[1] + head * Math.sin(angle + turn));
    }
    ctx.closePath();
    ctx.fillStyle = FLOWS[reason];
    ctx.fill();
    const spots = [0.5, 0.4, 0.6, 0.3, 0.7].map((t) => [0, 1].map((i) => (
      (1 - t) ** 2 * from[i] + 2 * t * (1 - t) * mid[i] + t * t * to[i]
    )));
    numbers.push([spots, officers, FLOWS[reason], long]);
  }
  ctx.lineCap = "round";
  numbers.sort((p, q) => q[1] - p[1]);
  for (const [spots, officers, colour, long] of numbers) {
    const text = said("n_moved", { n: officers });
    ctx.font = `600 11px ${FAMILY}`;
    const w = ctx.measureText(text).width + 8;
    const around = ([x, y]) => [x - w / 2, y - 8, x + w / 2, y + 8];
    const box = spots.map(around).find((b) => !meets(b, taken));
    if (long < w || !box) continue;
    taken.push(box);
    ctx.fillStyle = "#FFFFFF";
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.2;
    ctx.beginPath();
    ctx.roundRect(box[0], box[1], w, 16, 8);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = colour;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(text, (box[0] + box[2]) / 2, box[1] + 8.5);
  }
}

function towards(from, to, step) {
  const long = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const part = Math.min(step / long, 0.45);
  return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
}

function meets(box, taken) {
  return taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1]);
}

// What is hovered or chosen: a township, or a station's jurisdiction or bundle.
function paintChosen(ctx, view, scene, side, marks) {
  const { ratio, k } = view;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, view.w, view.h);
  ctx.setTransform(ratio * k, 0, 0, ratio * k, ratio * view.tx, ratio * view.ty);
  ctx.lineJoin = "round";
  for (const { kind, row, width } of marks) {
    const key = `mark ${kind} ${row} ${kind === "station" ? side : ""}`;
    const path = scene.borders(key, () => memberCells(scene, kind, row, side));
    stroke(ctx, path, "#FFFFFF", (width + 3) / k);
    stroke(ctx, path, INK, width / k);
  }
}

function memberCells(scene, kind, row, side) {
  if (kind === "township") return scene.township.map((t) => (t === row ? 0 : -1));
  const group = groupOf(scene, side);
  const own = side === "today" ? row : scene.raw.stations.centre[row];
  return group.map((s) => (s === own ? 0 : -1));
}
