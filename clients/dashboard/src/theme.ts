/** Light or dark as the system says, or as somebody chose here. */
export type Theme = "system" | "light" | "dark";

const key = "daphnia.theme";
const order: readonly Theme[] = ["system", "light", "dark"];

export function themeNow(): Theme {
  const kept = localStorage.getItem(key);
  return order.find((theme) => theme === kept) ?? "system";
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(key, theme);
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = themeNow();
}

export function nextTheme(theme: Theme): Theme {
  return order[(order.indexOf(theme) + 1) % order.length] ?? "system";
}
