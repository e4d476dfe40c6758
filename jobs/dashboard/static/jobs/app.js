// Everything that a page with jobs on it needs. Each module defines one element and works alone.
import "./file-drop.js";
import "./job-card.js";
import "./job-form.js";
import "./live-clock.js";
import "./live-fragment.js";
import "./live-state.js";
import "./local-zone.js";
