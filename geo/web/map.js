// The page at work: Leaflet moves the sheets, the divider clips them.

const state = { scene: scenes[0], mode: "swipe", split: 0.5, chosen: null, hovered: null };
const show = new Set(["stations", "links", "roads", "closures"]);
show.fill = "units";

const map = L.map("map", {
  attributionControl: false,
  zoomControl: false,
  zoomSnap: 0.25,
  zoomDelta: 0.75,
  wheelPxPerZoomLevel: 100,
  maxZoom: 18,
  maxBoundsViscosity: 0.8,
  fadeAnimation: false,
  zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
});
for (const [name, level] of [["today", 410], ["plan", 420], ["marks-today", 430], ["marks-plan", 440]]) {
  const pane = map.createPane(name);
  pane.style.zIndex = level;
  pane.style.pointerEvents = "none";
}

// A canvas under Leaflet's care, larger than the window so that it can be dragged.
const Sheet = L.Renderer.extend({
  initialize(pane, draw) {
    L.Renderer.prototype.initialize.call(this, { pane, padding: 0.3 });
    this._draw = draw;
  },
  getEvents() {
    return { ...L.Renderer.prototype.getEvents.call(this), move: this._onMove };
  },
  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
    this._ctx = this._container.getContext("2d");
  },
  _destroyContainer() {
    L.DomUtil.remove(this._container);
  },
  _onMove() {
    const size = this._map.getSize();
    const corner = this._map.containerPointToLayerPoint([0, 0]);
    if (!this._bounds.contains(L.bounds(corner, corner.add(size))) && !this._map._animatingZoom) {
      this._update();
    }
  },
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize();
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    L.DomUtil.setPosition(this._container, this._bounds.min);
    const [w, h] = [Math.round(size.x * ratio), Math.round(size.y * ratio)];
    if (this._container.width !== w || this._container.height !== h) {
      this._container.width = w;
      this._container.height = h;
      this._container.style.width = `${size.x}px`;
      this._container.style.height = `${size.y}px`;
    }
    this.redraw();
  },
  redraw() {
    if (!this._map || !this._bounds) return;
    this._draw(this._ctx, viewOf(this._bounds.min, this._bounds.getSize()));
  },
});

function viewOf(corner, size) {
  const k = 2 ** (map.getZoom() - BASE_ZOOM);
  const origin = map.getPixelOrigin();
  return {
    k,
    ratio: Math.min(window.devicePixelRatio || 1, 2),
    tx: ORIGIN[0] * k - origin.x - corner.x,
    ty: ORIGIN[1] * k - origin.y - corner.y,
    w: size.x,
    h: size.y,
  };
}

function marks() {
  const found = [];
  if (state.hovered) found.push({ ...state.hovered, width: 1.4 });
  if (state.chosen) found.push({ ...state.chosen, width: 2.6 });
  return found;
}

const sides = ["today", "plan"];
const isSeen = (side) => state.mode === "swipe" || state.mode === side;
const sheets = sides.map((side) => new Sheet(side, (ctx, view) => {
  if (isSeen(side)) paint(ctx, view, state.scene, side, show);
}));
const markSheets = sides.map((side) => new Sheet(`marks-${side}`, (ctx, view) => {
  if (isSeen(side)) paintChosen(ctx, view, state.scene, side, marks());
}));

let asked = 0;
function redraw() {
  if (asked) return;
  asked = requestAnimationFrame(() => {
    asked = 0;
    for (const sheet of [...sheets, ...markSheets]) sheet.redraw();
  });
}

function redrawMarks() {
  for (const sheet of markSheets) sheet.redraw();
}

// --- the divider ------------------------------------------------------------------------------

const handle = byId("swipe");

function clip() {
  const size = map.getSize();
  const [left, top] = [-40, -40];
  const x = state.mode === "swipe" ? state.split * size.x : state.mode === "today" ? size.x + 40 : left;
  const corner = (px, py) => {
    const point = map.containerPointToLayerPoint([px, py]);
    return `${point.x}px ${point.y}px`;
  };
  const box = (from, to) => (
    `polygon(${corner(from, top)}, ${corner(to, top)}, ${corner(to, size.y + 40)}, ${corner(from, size.y + 40)})`
  );
  for (const name of ["today", "marks-today"]) map.getPane(name).style.clipPath = box(left, x);
  for (const name of ["plan", "marks-plan"]) map.getPane(name).style.clipPath = box(x, size.x + 40);
  handle.hidden = state.mode !== "swipe";
  handle.style.left = `${x}px`;
  handle.setAttribute("aria-valuenow", String(Math.round(state.split * 100)));
  byId("tag-today").hidden = byId("tag-plan").hidden = state.mode !== "swipe";
  handle.parentElement.style.setProperty("--split", `${x}px`);
}

function moveSplit(split) {
  state.split = Math.min(0.98, Math.max(0.02, split));
  clip();
}

handle.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  event.stopPropagation();
  handle.setPointerCapture(event.pointerId);
  handle.focus({ preventScroll: true });
  const box = byId("map").getBoundingClientRect();
  const follow = (move) => moveSplit((move.clientX - box.left) / box.width);
  const stop = () => {
    handle.removeEventListener("pointermove", follow);
    handle.removeEventListener("pointerup", stop);
    handle.removeEventListener("pointercancel", stop);
  };
  handle.addEventListener("pointermove", follow);
  handle.addEventListener("pointerup", stop);
  handle.addEventListener("pointercancel", stop);
});
handle.addEventListener("keydown", (event) => {
  const step = event.shiftKey ? 0.1 : 0.02;
  const to = {
    ArrowLeft: state.split - step,
    ArrowRight: state.split + step,
    ArrowDown: state.split - step,
    ArrowUp: state.split + step,
    PageDown: state.split - 0.1,
    PageUp: state.split + 0.1,
    Home: 0,
    End: 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  moveSplit(to);
});

function setMode(mode) {
  state.mode = mode;
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }
  clip();
  redraw();
}

for (const button of document.querySelectorAll("button[data-mode]")) {
  button.addEventListener("click", () => setMode(button.dataset.mode));
}

// --- pointing and choosing --------------------------------------------------------------------

function sideAt(x) {
  if (state.mode !== "swipe") return state.mode;
  return x < state.split * map.getSize().x ? "today" : "plan";
}

function pointedAt(event) {
  const { scene } = state;
  const { x, y } = event.containerPoint;
  const view = viewOf(map.containerPointToLayerPoint([0, 0]), map.getSize());
  if (show.has("stations")) {
    let best = null;
    scene.seats.forEach((seat, row) => {
      const [sx, sy] = onScreen(view, seat);
      const away = Math.hypot(sx - x, sy - y);
      if (away < 13 && (!best || away < best[1])) best = [row, away];
    });
    if (best) return { kind: "station", row: best[0], cell: -1 };
  }
  const cell = scene.ground.cellAt(...planeOf(event.latlng));
  return cell < 0 ? null : { kind: "township", row: scene.township[cell], cell };
}

const tip = byId("tip");

function tipLines(found, side) {
  const { raw } = state.scene;
  if (found.kind === "station") return [raw.stations.name[found.row], stationNumber(state.scene, found.row, side)];
  const { cell } = found;
  const station = (side === "today" ? state.scene.station : state.scene.centre)[cell];
  const lines = [raw.townships[found.row].name];
  if (raw.townships.length < state.scene.ground.cells) lines.push(said("cell", { id: raw.cells.id[cell] }));
  lines.push(said("responsible", { name: raw.stations.name[station] }));
  const minutes = raw.cells[side][cell];
  if (minutes !== null) {
    let text = `${words[side]} ${said("n_min", { n: tenth(minutes) })}`;
    const change = state.scene.change(cell);
    if (side === "plan" && change) text += ` (${said("n_min", { n: tenth(change, true) })})`;
    lines.push(text);
  }
  const density = state.scene.density(cell);
  if (show.fill === "density" && density !== null) {
    lines.push(said("n_per_km2", { n: density.toFixed(1) }));
  }
  return lines;
}

function hover(event) {
  const found = event && event.originalEvent.pointerType !== "touch" ? pointedAt(event) : null;
  map.getContainer().style.cursor = found ? "pointer" : "";
  const same = (found && state.hovered && found.kind === state.hovered.kind
    && found.row === state.hovered.row) || (!found && !state.hovered);
  state.hovered = found;
  if (!same) redrawMarks();
  tip.hidden = !found;
  if (!found) return;
  const { x, y } = event.containerPoint;
  const lines = tipLines(found, sideAt(x)).filter(Boolean);
  tip.replaceChildren(...lines.map((line, i) => make(i ? "span" : "strong", {}, line)));
  const size = map.getSize();
  const room = size.x - (byId("card").hidden || size.x < 760 ? 8 : 354);
  tip.style.left = `${x + 16 + tip.offsetWidth > room ? Math.max(8, x - 14 - tip.offsetWidth) : x + 16}px`;
  tip.style.top = `${y + 18 + tip.offsetHeight > size.y ? y - tip.offsetHeight - 12 : y + 18}px`;
}

let pending = null;
map.on("mousemove", (event) => {
  if (!pending) {
    requestAnimationFrame(() => {
      const last = pending;
      pending = null;
      if (last) hover(last);
    });
  }
  pending = event;
});
map.on("mouseout", () => {
  pending = null;
  hover(null);
});
map.on("click", (event) => {
  const found = pointedAt(event);
  if (found) choose(found.kind, found.row, { move: false });
  else unchoose();
});

let opener = null;

function choose(kind, row, { move = true } = {}) {
  state.chosen = { kind, row };
  if (move) opener = document.activeElement;
  const head = fillCard(state.scene, kind, row, choose, unchoose);
  document.querySelector(".app").classList.add("has-card");
  if (move) {
    goTo(boundsOf(kind, row));
    head.focus({ preventScroll: true });
  }
  redrawMarks();
}

function unchoose() {
  const inside = byId("card").contains(document.activeElement);
  state.chosen = null;
  byId("card").hidden = true;
  document.querySelector(".app").classList.remove("has-card");
  if (inside && opener) opener.focus({ preventScroll: true });
  redrawMarks();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("card").hidden) unchoose();
});

function boundsOf(kind, row) {
  const own = memberCells(state.scene, kind, row, "plan");
  const box = state.scene.ground.bounds((c) => own[c] === 0);
  if (!Number.isFinite(box[0])) {
    const [x, y] = kind === "station" ? state.scene.seats[row] : state.scene.townPoints[row];
    return [x - 20, y - 20, x + 20, y + 20];
  }
  return box;
}

function county() {
  return state.scene.ground.bounds();
}

function latLngs(box) {
  return L.latLngBounds(latLngOf(box[0], box[3]), latLngOf(box[2], box[1]));
}

function padding() {
  const wide = map.getSize().x > 760;
  const card = wide && !byId("card").hidden ? 330 : 0;
  return { paddingTopLeft: [wide ? 40 : 14, wide ? 64 : 58], paddingBottomRight: [(wide ? 40 : 14) + card, wide ? 40 : 26] };
}

function goTo(box) {
  map.fitBounds(latLngs(box).pad(0.12), { ...padding(), maxZoom: 13.5 });
}

// --- layers, scenarios, tools -----------------------------------------------------------------

function relayer() {
  fillLegend(byId("legend"), state.scene, show);
  redraw();
}

function useScene(scene) {
  state.scene = scene;
  state.hovered = null;
  fillHead(scene);
  fillBundles(byId("bundles"), scene, choose);
  fillLosers(byId("losers"), scene, choose);
  fillChoices(byId("fills"), "fill", "radio", fillChoicesOf(scene), (v) => v === show.fill, (v) => {
    show.fill = v;
    relayer();
  });
  fillChoices(byId("layers"), "layer", "checkbox", layerChoices(scene), (v) => show.has(v), (v, on) => {
    if (on) show.add(v);
    else show.delete(v);
    relayer();
  });
  if (state.chosen) {
    const { kind, row } = state.chosen;
    const there = kind === "township" ? scene.raw.townships[row] : scene.raw.stations.cards[row];
    if (there) choose(kind, row, { move: false });
    else unchoose();
  }
  relayer();
}

if (scenes.length > 1) {
  const select = byId("scenario");
  scenes.forEach((scene, i) => select.append(make("option", { value: String(i) }, scene.raw.name)));
  select.addEventListener("change", () => useScene(scenes[Number(select.value)]));
  byId("scenario-box").hidden = false;
}

byId("zoom-in").addEventListener("click", () => map.zoomIn());
byId("zoom-out").addEventListener("click", () => map.zoomOut());
byId("home").addEventListener("click", () => map.fitBounds(latLngs(county()), padding()));
byId("print-page").addEventListener("click", () => window.print());

const Scale = L.Control.Scale.extend({
  _updateMetric(maxMetres) {
    const metres = this._getRoundNum(maxMetres);
    const word = metres < 1000 ? ["n_m", metres] : ["n_km", metres / 1000];
    this._mScale.style.width = `${Math.round(this.options.maxWidth * (metres / maxMetres))}px`;
    this._mScale.textContent = said(word[0], { n: word[1] });
  },
});

// --- paper ------------------------------------------------------------------------------------

function paperMap(side, width, height, box) {
  const canvas = make("canvas", {});
  const ratio = 3;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const k = Math.min((width - 24) / (box[2] - box[0]), (height - 24) / (box[3] - box[1]));
  const view = {
    k,
    ratio,
    w: width,
    h: height,
    tx: width / 2 - (k * (box[0] + box[2])) / 2,
    ty: height / 2 - (k * (box[1] + box[3])) / 2,
  };
  const ctx = canvas.getContext("2d");
  ctx.beginPath();
  paint(ctx, view, state.scene, side, show);
  return make("figure", {}, make("figcaption", {}, words[side]), canvas);
}

function onPaper() {
  const paper = byId("paper");
  const { raw } = state.scene;
  const seen = map.getBounds();
  const [west, south] = planeOf(seen.getSouthWest());
  const [east, north] = planeOf(seen.getNorthEast());
  const all = county();
  const whole = west <= all[0] && east >= all[2] && north <= all[1] && south >= all[3];
  const box = whole ? all : [west, north, east, south];
  const shown = sides.filter(isSeen);
  const wide = shown.length > 1 ? 400 : 820;
  const maps = make("div", { class: "paper-maps" }, ...shown.map((side) => paperMap(side, wide, 570, box)));
  const legend = make("div", { class: "paper-legend" });
  fillLegend(legend, state.scene, show);
  const table = make("table", { class: "measures" });
  measureTable(table, raw.headline, true);
  const name = scenes.length > 1 || raw.name !== raw.title ? raw.name : "";
  paper.replaceChildren(
    make("h1", {}, raw.title, make("small", {}, name)),
    make("p", { class: "paper-status" }, [raw.status, raw.description].filter(Boolean).join(" · ")),
    make("div", { class: "paper-body" }, maps, make("div", { class: "paper-side" }, table, legend)),
    make("p", { class: "provenance" }, raw.provenance),
    make("p", {}, credit(raw)),
  );
}

window.addEventListener("beforeprint", onPaper);

// --- start ------------------------------------------------------------------------------------

map.on("move zoomend resize viewreset", clip);
map.fitBounds(latLngs(county()), padding());
map.setMinZoom(map.getZoom() - 1.5);
map.setMaxBounds(latLngs(county()).pad(0.9));
for (const sheet of [...sheets, ...markSheets]) map.addLayer(sheet);
new Scale({ imperial: false, position: "bottomleft", maxWidth: 110 }).addTo(map);
useScene(scenes[0]);
startSearch(() => state.scene, choose);
setMode("swipe");
if (document.fonts) document.fonts.ready.then(redraw);
document.documentElement.dataset.ready = "yes";
