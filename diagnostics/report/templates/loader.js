// Unpacks Plotly, which this file carries, and draws the charts. Nothing is fetched; where this cannot run, the still pictures stay.
(async () => {
  const read = (id) => document.getElementById(id).textContent;
  if (!("DecompressionStream" in window)) return;
  const packed = Uint8Array.from(atob(read("plotly")), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(unpacked).text();
  document.head.append(script);
  if (!window.Plotly) return;
  const locale = JSON.parse(read("locale"));
  if (locale) Plotly.register(locale);
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const drawn = JSON.parse(read(figure.dataset.chart));
    const live = figure.querySelector(".live");
    figure.classList.add("drawn");
    try {
      await Plotly.newPlot(live, drawn.data, drawn.layout, {
        displaylogo: false,
        displayModeBar: "hover",
        responsive: true,
        locale: locale ? locale.name : "en-US",
      });
    } catch (error) {
      figure.classList.remove("drawn");
    }
  }
  document.documentElement.dataset.charts = "drawn";
})();
