// Everything beside the map: headline, search, layers, cards. Text nodes only.

const byId = (id) => document.getElementById(id);

function measureTable(table, rows, withHead) {
  table.replaceChildren();
  if (withHead) {
    const head = make("tr", {}, make("td", {}));
    for (const word of ["today", "plan", "change"]) {
      head.append(make("th", { scope: "col" }, words[word]));
    }
    table.append(make("thead", {}, head));
  }
  const body = make("tbody", {});
  for (const row of rows || []) {
    const line = make("tr", {}, make("th", { scope: "row" }, row.label));
    if (row.plan === undefined) {
      line.append(make("td", { colspan: "3", class: "wide" }, row.today || ""));
    } else {
      line.append(make("td", {}, row.today || ""), make("td", { class: "is-plan" }, row.plan));
      line.append(make("td", { class: `change ${row.verdict || ""}` }, row.change || ""));
    }
    body.append(line);
  }
  table.append(body);
}

function credit(raw) {
  return [raw.attribution, words.library].filter(Boolean).join(" · ");
}

function fillHead(scene) {
  const { raw } = scene;
  byId("title").textContent = raw.title;
  byId("description").textContent = raw.description;
  byId("description").hidden = !raw.description;
  const status = byId("status");
  status.textContent = raw.status;
  status.hidden = !raw.status;
  status.className = raw.proven ? "status proven" : "status open";
  measureTable(byId("headline"), raw.headline, true);
  byId("provenance").textContent = raw.provenance;
  for (const line of document.querySelectorAll(".attribution")) line.textContent = credit(raw);
}

function fillBundles(list, scene, choose) {
  list.replaceChildren();
  const { stations } = scene.raw;
  stations.id.forEach((_, row) => {
    if (stations.fate[row] !== CENTRE) return;
    const offices = stations.short.filter((name, s) => stations.centre[s] === row && s !== row);
    const button = make("button", { type: "button" });
    const chip = make("span", { class: "chip", "aria-hidden": "true" });
    chip.style.background = stations.fill_plan[row];
    button.append(chip, make("strong", {}, stations.short[row]));
    button.append(make("span", { class: "offices" }, offices.join(words.list_comma)));
    button.addEventListener("click", () => choose("station", row));
    list.append(make("li", {}, button));
  });
  list.parentElement.hidden = !list.childElementCount;
}

// Every township that loses, the greatest loss first: a plan hides none of them.
function fillLosers(list, scene, choose) {
  list.replaceChildren();
  const lost = (t) => (t.plan === null ? Infinity : t.plan - t.today);
  const rows = scene.raw.townships.map((_, row) => row);
  const losing = rows.filter((row) => scene.raw.townships[row].loses);
  losing.sort((a, b) => lost(scene.raw.townships[b]) - lost(scene.raw.townships[a]));
  for (const row of losing) {
    const t = scene.raw.townships[row];
    const button = make("button", { type: "button" });
    button.append(make("strong", {}, t.name), make("span", { class: "offices" }, t.loss));
    button.addEventListener("click", () => choose("township", row));
    list.append(make("li", {}, button));
  }
  list.parentElement.hidden = !list.childElementCount;
}

function fillCard(scene, kind, row, choose, close) {
  const box = byId("card");
  const card = kind === "township" ? scene.raw.townships[row].card : scene.raw.stations.cards[row];
  box.replaceChildren();
  const shut = make("button", { type: "button", class: "close", "aria-label": words.close }, "×");
  shut.addEventListener("click", close);
  const head = make("h2", { tabindex: "-1" }, card.title || "");
  box.append(shut, make("p", { class: "kicker" }, words[kind]), head);
  if (card.badge) box.append(make("p", { class: "badge" }, card.badge));
  if (card.subtitle) box.append(make("p", { class: "subtitle" }, card.subtitle));
  const table = make("table", { class: "measures" });
  measureTable(table, card.rows, (card.rows || []).some((line) => line.plan !== undefined));
  box.append(table);
  for (const note of card.notes || []) box.append(make("p", { class: "reason" }, note));
  const others = (card.stations || []).filter((s) => kind === "township" || s !== row);
  if (others.length) {
    const links = make("p", { class: "links" });
    for (const s of others) {
      const link = make("button", { type: "button" }, scene.raw.stations.name[s]);
      link.addEventListener("click", () => choose("station", s));
      links.append(link);
    }
    box.append(links);
  }
  box.hidden = false;
  box.scrollTop = 0;
  return head;
}

function fillChoices(box, name, type, choices, on, changed) {
  box.replaceChildren();
  for (const [value, text] of choices) {
    const input = make("input", { type, name, value });
    input.checked = on(value);
    input.addEventListener("change", () => changed(value, input.checked));
    box.append(make("label", {}, input, make("span", {}, text)));
  }
}

function fillChoicesOf(scene) {
  const choices = ["units", "town", "cell", "change"];
  if (data.scales.density.limits.length) choices.push("density");
  choices.push("none");
  return choices.map((value) => [value, words[`fill_${value}`]]);
}

function layerChoices(scene) {
  const { raw } = scene;
  const names = ["stations"];
  if (raw.stations.fate.includes(CENTRE)) names.push("links");
  names.push("numbers");
  if (scene.townsDiffer) names.push("townships");
  if (scene.roads.any) names.push("roads");
  if (raw.duties.length || raw.duties_today.length) names.push("duties");
  names.push("isochrones");
  const reasons = new Set(raw.moves.map((move) => move[5]));
  MOVES.forEach((name, i) => {
    if (reasons.has(i)) names.push(name);
  });
  if (raw.marks.length) names.push("closures");
  const choices = names.map((name) => [name, words[`layer_${name}`]]);
  overlays.forEach((overlay, i) => choices.push([`overlay ${i}`, overlay.name]));
  return choices;
}

// --- search ---------------------------------------------------------------------------------

function matches(scene, asked) {
  const wanted = asked.trim().toLowerCase();
  if (!wanted) return [];
  const found = [];
  scene.raw.townships.forEach((town, row) => {
    const at = town.name.toLowerCase().indexOf(wanted);
    if (at >= 0) found.push({ kind: "township", row, text: town.name, at });
  });
  scene.raw.stations.name.forEach((name, row) => {
    const id = scene.raw.stations.id[row];
    const at = name.toLowerCase().indexOf(wanted);
    const idAt = id.toLowerCase().indexOf(wanted);
    if (at >= 0 || idAt >= 0) {
      found.push({ kind: "station", row, text: name, id, at: at >= 0 ? at : idAt + 0.5 });
    }
  });
  found.sort((a, b) => a.at - b.at || a.text.length - b.text.length);
  return found.slice(0, 12);
}

function startSearch(currentScene, choose) {
  const input = byId("search");
  const list = byId("found");
  let found = [];
  let active = -1;
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  };
  const take = (i) => {
    const one = found[i];
    close();
    if (!one) return;
    input.value = one.text;
    choose(one.kind, one.row);
  };
  const mark = (i) => {
    active = i;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", n === i));
    if (i < 0) return;
    input.setAttribute("aria-activedescendant", `found-${i}`);
    list.children[i].scrollIntoView({ block: "nearest" });
  };
  const look = () => {
    found = matches(currentScene(), input.value);
    list.replaceChildren();
    found.forEach((one, i) => {
      const item = make("li", { role: "option", id: `found-${i}`, "aria-selected": "false" });
      const kind = one.kind === "township" ? words.township : `${words.station} ${one.id}`;
      item.append(make("span", {}, one.text), make("span", { class: "what" }, kind));
      item.addEventListener("pointerdown", (event) => event.preventDefault());
      item.addEventListener("click", () => take(i));
      list.append(item);
    });
    if (!found.length && input.value.trim()) {
      list.append(make("li", { class: "none" }, words.search_none));
    }
    list.hidden = !list.childElementCount;
    input.setAttribute("aria-expanded", String(!list.hidden));
    active = -1;
  };
  input.addEventListener("input", look);
  input.addEventListener("focus", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter") take(active < 0 ? 0 : active);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!found.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark((active + step + found.length) % found.length);
    } else return;
    event.preventDefault();
  });
}
