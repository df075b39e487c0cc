// The legend: an entry for what is on the map, none for what is not.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  for (const child of children) element.append(child); // a string becomes a text node
  return element;
}

function swatch(draw, width = 30, height = 20) {
  const canvas = make("canvas", { class: "swatch", "aria-hidden": "true" });
  const ratio = 2;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  ctx.lineCap = "round";
  draw(ctx, width / 2, height / 2, width, height);
  return canvas;
}

function lineSwatch(colour, width, dash) {
  return (ctx, x, y, w) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.setLineDash(dash || []);
    ctx.beginPath();
    ctx.moveTo(3, y);
    ctx.lineTo(w - 3, y);
    ctx.stroke();
  };
}

function boxSwatch(colour, edge) {
  return (ctx, x, y, w, h) => {
    ctx.fillStyle = colour;
    ctx.fillRect(3, 3, w - 6, h - 6);
    if (edge) {
      ctx.strokeStyle = INK;
      ctx.lineWidth = 1;
      ctx.strokeRect(3, 3, w - 6, h - 6);
    }
  };
}

const symbolSwatch = (kind) => (ctx, x, y) => symbol(ctx, kind, x, y);

function flowSwatch(colour) {
  return (ctx, x, y, w) => {
    lineSwatch(colour, 2.4)(ctx, x, y, w - 5);
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.moveTo(w - 2, y);
    ctx.lineTo(w - 10, y - 4.5);
    ctx.lineTo(w - 10, y + 4.5);
    ctx.fill();
  };
}

function markSwatch(kind, colour, dash) {
  return (ctx, x, y, w) => {
    lineSwatch(colour, kind === "closed" ? 4 : 3.4, dash)(ctx, x, y, w);
    if (kind === "closed") cross(ctx, w / 2, y, 5, colour, 2.2);
  };
}

function bandSwatch(ctx, x, y, w) {
  lineSwatch(ISOCHRONE, 2)(ctx, x, y, w);
}

// Entries of the scene under the layers that are on: [swatch, text].
function legendEntries(scene, show) {
  const { raw } = scene;
  const entries = [];
  const add = (draw, word) => entries.push([draw, words[word]]);
  const { fate, urban } = raw.stations;
  const bundled = fate.includes(CENTRE);
  if (show.has("stations")) {
    if (urban.includes(1)) add(symbolSwatch("town"), "key_town");
    if (urban.includes(0)) add(symbolSwatch("rural"), "key_rural");
    if (bundled) {
      add(symbolSwatch("centre"), "key_centre");
      add(symbolSwatch("office"), "key_office");
    }
  }
  if (show.has("links") && bundled) add(lineSwatch(INK, 2), "key_link");
  if (show.fill === "units") {
    add(boxSwatch(raw.stations.fill_today[0], true), "key_jurisdiction");
    if (bundled) add(boxSwatch(raw.stations.fill_plan[fate.indexOf(CENTRE)], true), "key_bundle");
  }
  if (bundled) add(lineSwatch("rgba(22, 32, 46, 0.7)", 1.6, [0.1, 4]), "key_inner");
  if (show.has("townships") && scene.townsDiffer) {
    add(lineSwatch("rgba(22, 32, 46, 0.45)", 1), "key_township");
  }
  const modelled = raw.roads_modelled ? "_modelled" : "";
  if (show.has("duties")) {
    if (scene.roads.anyManaged) add(lineSwatch(DUTY, 2.6), `key_managed${modelled}`);
    add(lineSwatch(DUTY, 1.5, [5, 4]), "key_duty_line");
    if (raw.stations.duty.length) add((ctx, x, y) => dutyRing(ctx, x, y, 8), "key_duty");
  } else if (show.has("roads") && scene.roads.anyManaged) {
    add(lineSwatch("#9A958B", 1.8), `key_managed${modelled}`);
  }
  if (show.has("roads") && scene.roads.any) add(lineSwatch("#B9B4AA", 1), `key_road${modelled}`);
  if (show.has("duties") || show.has("moves_road")) {
    const squads = raw.places.filter((place) => place.kind === "squad");
    if (squads.length) add(symbolSwatch("squad"), "key_squad");
    if (squads.some((squad) => squad.ends)) add(symbolSwatch("squad_ends"), "key_squad_ends");
  }
  ["key_flow_bundle", "key_flow_road", "key_flow_reassign"].forEach((word, i) => {
    if (show.has(MOVES[i])) add(flowSwatch(FLOWS[i]), word);
  });
  if (show.has("moves_reassign") && raw.places.some((place) => place.kind === "units")) {
    add(symbolSwatch("units"), "key_units");
  }
  if (show.has("isochrones")) add(bandSwatch, "key_isochrone");
  if (show.has("closures")) {
    for (const { kind, colour, text, lines } of raw.marks) {
      // A change of all roads alike has no lines of its own.
      const dash = kind === "ferry" ? [6, 4] : [];
      entries.push([lines.length || kind === "closed" ? markSwatch(kind, colour, dash) : () => {}, text]);
    }
  }
  overlays.forEach((overlay, i) => {
    if (!show.has(`overlay ${i}`)) return;
    const colour = OVERLAY[i % OVERLAY.length];
    const line = overlay.kind === "lines" ? lineSwatch(colour, 2) : boxSwatch(`${colour}55`);
    const point = (ctx, x, y) => {
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.arc(x, y, 5, 0, 7);
      ctx.fill();
    };
    entries.push([overlay.kind === "points" ? point : line, overlay.name]);
  });
  return entries;
}

function classTexts(fill, limits) {
  const signed = (n) => (fill === "change" && n > 0 ? `+${n}` : String(n).replace("-", "−"));
  const texts = limits.map((limit, i) => (
    i ? `${signed(limits[i - 1])} – ${signed(limit)}` : `≤ ${signed(limit)}`
  ));
  const most = signed(limits[limits.length - 1]);
  texts.push(fill === "change" ? `≥ ${most}` : `> ${most}`);
  return texts;
}

// The classes of a choropleth with their unit, or null.
function scaleBlock(scene, show) {
  const measure = { cell: "response", town: "response" }[show.fill] || show.fill;
  const scale = data.scales[measure];
  if (!scale) return null;
  const block = make("div", { class: "scale" }, make("p", {}, words[`legend_${measure}`]));
  const list = make("ul", { class: "classes" });
  classTexts(measure, scale.limits).forEach((text, i) => {
    list.append(make("li", {}, swatch(boxSwatch(scale.colours[i], true), 30, 18), text));
  });
  const missing = ["today", "plan"].some((side) => scene.classes(show.fill, side).includes(-1));
  if (missing && measure !== "density") {
    list.append(make("li", {}, swatch(boxSwatch(MISSING, true), 30, 18), words.unreachable));
  }
  block.append(list);
  if (measure === "change") block.append(make("p", { class: "note" }, words.no_change_today));
  return block;
}

function fillLegend(box, scene, show) {
  box.replaceChildren();
  const scale = scaleBlock(scene, show);
  if (scale) box.append(scale);
  const list = make("ul", { class: "keys" });
  for (const [draw, text] of legendEntries(scene, show)) {
    list.append(make("li", {}, swatch(draw), make("span", {}, text)));
  }
  box.append(list);
  if (show.fill === "units") box.append(make("p", { class: "note" }, words.fill_note));
  if (scene.raw.points_only) box.append(make("p", { class: "note" }, words.points_note));
}
