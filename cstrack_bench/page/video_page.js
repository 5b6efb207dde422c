"use strict";
for (const timeline of document.querySelectorAll(".timeline")) {
  const video = timeline.parentElement.querySelector("video");
  const seconds = timeline.dataset.length / timeline.dataset.rate;
  const follow = () => {
    timeline.style.setProperty("--at", Math.min(1, video.currentTime / seconds));
  };
  video.addEventListener("timeupdate", follow);
  video.addEventListener("seeked", follow);
  timeline.addEventListener("click", (event) => {
    const row = event.target.closest(".timeline-row");
    if (!row) return;
    const plot = row.querySelector(".plot").getBoundingClientRect();
    const share = (event.clientX - plot.left) / plot.width;
    if (share >= 0 && share <= 1) video.currentTime = share * seconds;
  });
}
