// Names of stations and numbers of townships, where there is room.

// The number at a township, with its unit; empty where there is none.
function townNumber(scene, row, side, fill) {
  const town = scene.raw.townships[row];
  if (fill === "density") return said("n_alerts", { n: town.alerts });
  if (fill === "change") {
    if (side === "today" || town.today === null || town.plan === null) return "";
    return said("n_min", { n: tenth(town.plan - town.today, true) });
  }
  if (fill === "cell" || fill === "town") {
    return town[side] === null ? "" : said("n_min", { n: tenth(town[side]) });
  }
  return "";
}

function stationNumber(scene, row, side) {
  const n = side === "today" ? scene.raw.stations.officers[row] : scene.raw.stations.strength[row];
  return n === null ? "" : said(n === 1 ? "n_officer" : "n_officers", { n });
}

function paintNames(ctx, view, scene, side, show, taken) {
  const { raw } = scene;
  const big = view.w > 560 ? 13 : 12;
  const numbers = show.has("numbers");
  const placed = [...taken];
  const inside = (x, y) => x > -40 && y > -20 && x < view.w + 40 && y < view.h + 20;
  if (show.has("stations")) {
    const order = scene.seats.map((_, row) => row);
    const rank = [1, 0, 2];
    order.sort((a, b) => rank[raw.stations.fate[a]] - rank[raw.stations.fate[b]] || a - b);
    const here = order.map((row) => [row, onScreen(view, scene.seats[row])])
      .filter(([, at]) => inside(...at));
    for (const [row, [x, y]] of here) {
      const office = side === "plan" && raw.stations.fate[row] === OFFICE;
      const centre = raw.stations.fate[row] === CENTRE;
      const size = centre ? big + 1 : big - 0.5;
      const name = raw.stations.short[row];
      const number = numbers && ["units", "none"].includes(show.fill) ? stationNumber(scene, row, side) : "";
      ctx.font = `${centre && side === "plan" ? 700 : 500} ${size}px ${FAMILY}`;
      // As wide as on the other side, so that a name stays where it is when the divider passes.
      const room = centre ? 1.06 : 1;
      const nameW = ctx.measureText(name).width * (centre && side === "plan" ? 1 : room);
      ctx.font = `500 ${big - 2}px ${FAMILY}`;
      const wide = Math.max(nameW, number ? ctx.measureText(number).width : 0) + 2;
      const high = size * 1.15 + (number ? big : 0);
      const gap = centre ? 11 : 8;
      const spots = [
        [x + gap, y - high / 2], [x - gap - wide, y - high / 2],
        [x - wide / 2, y - gap - high], [x - wide / 2, y + gap],
        [x + gap * 0.6, y - gap * 0.6 - high], [x + gap * 0.6, y + gap * 0.6],
        [x - gap * 0.6 - wide, y - gap * 0.6 - high], [x - gap * 0.6 - wide, y + gap * 0.6],
      ];
      const own = spots.map(([l, t]) => [l, t, l + wide, t + high]).find((b) => !meets(b, placed));
      if (!own) continue;
      placed.push(own);
      const left = own[0] > x - wide / 2 - 1 ? (own[0] >= x ? "left" : "center") : "right";
      const anchor = { left: own[0], center: (own[0] + own[2]) / 2, right: own[2] }[left];
      ctx.textAlign = left;
      ctx.textBaseline = "top";
      ctx.font = `${centre && side === "plan" ? 700 : 500} ${size}px ${FAMILY}`;
      haloed(ctx, name, anchor, own[1] + 0.08 * size, office ? SOFT : INK);
      if (number) {
        ctx.font = `500 ${big - 2}px ${FAMILY}`;
        haloed(ctx, number, anchor, own[1] + size * 1.15, SOFT);
      }
    }
  }
  if (numbers) {
    raw.townships.forEach((town, row) => {
      const text = townNumber(scene, row, side, show.fill);
      const [x, y] = onScreen(view, scene.townPoints[row]);
      if (text && inside(x, y)) tagged(ctx, text, x, y, placed, INK, big - 1);
    });
  }
  if (show.has("isochrones")) {
    for (const limit of data.scales.response.limits) {
      const at = bandPoint(scene, side, limit);
      if (!at) continue;
      const text = said("n_min", { n: limit });
      tagged(ctx, text, ...onScreen(view, at), placed, ISOCHRONE, big - 1.5);
    }
  }
  overlays.forEach((overlay, i) => {
    if (show.has(`overlay ${i}`)) nameOverlay(ctx, view, overlay, i, placed, big);
  });
}

function nameOverlay(ctx, view, overlay, i, placed, big) {
  overlay.features.forEach((feature, n) => {
    const xy = overlay.shapes[n][0];
    if (!feature.label || !xy) return;
    let at = [xy[0], xy[1]];
    if (overlay.kind !== "points") {
      const box = boxOf([xy]);
      at = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    }
    const [x, y] = onScreen(view, at);
    tagged(ctx, feature.label, x, y - (overlay.kind === "points" ? 13 : 0), placed, OVERLAY[i % OVERLAY.length], big - 1);
  });
}

function boxOf(shapes) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const xy of shapes) {
    for (let i = 0; i < xy.length; i += 2) {
      box[0] = Math.min(box[0], xy[i]);
      box[1] = Math.min(box[1], xy[i + 1]);
      box[2] = Math.max(box[2], xy[i]);
      box[3] = Math.max(box[3], xy[i + 1]);
    }
  }
  return box;
}

// A text round x, y where there is room at it, above or below.
function tagged(ctx, text, x, y, placed, colour, size) {
  ctx.font = `600 ${size}px ${FAMILY}`;
  const half = ctx.measureText(text).width / 2 + 2;
  for (const dy of [0, 16, -16, 28, -28]) {
    const box = [x - half, y + dy - size * 0.6, x + half, y + dy + size * 0.6];
    if (meets(box, placed)) continue;
    placed.push(box);
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    haloed(ctx, text, x, y + dy, colour);
    return;
  }
}

function haloed(ctx, text, x, y, colour) {
  ctx.lineJoin = "round";
  ctx.lineWidth = 3.4;
  ctx.strokeStyle = "rgba(255, 255, 255, 0.9)";
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}
