import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { loadRest } from "./parts/later.ts";
import { Broken } from "./screens/broken.tsx";
import { applyTheme } from "./theme.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";

applyTheme();
const element = document.getElementById("root");
if (element === null) throw new Error("the page has no #root");
const root = createRoot(element, {
  onUncaughtError(error) {
    reportError(error);
    root.render(<Broken error={error} />);
  },
});
root.render(
  <StrictMode>
    <App />
  </StrictMode>,
);
// It tries again by itself; what it could not load is loaded where it is shown.
addEventListener("load", () => void loadRest(), { once: true });
