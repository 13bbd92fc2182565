"""Makes the pictures of this folder with Pillow, and grey.json with the grey values that Pillow has for them.

python make.py
"""

import json

import numpy as np
from PIL import Image

H, W = 12, 10
y, x = np.mgrid[0:H, 0:W]
grey = (20 * y + x).astype(np.uint8)
colour = np.stack([20 * y, 255 - 20 * x, 8 * x + 8 * y], axis=-1).astype(np.uint8)
cmyk = np.stack([20 * y, 20 * x, 0 * x + 40, 0 * x + 30], axis=-1).astype(np.uint8)
alpha = (25 * x).astype(np.uint8)

files = {}


def save(name, image, values=None, **options):
    image.save(name, **options)
    if values is None:
        values = np.asarray(Image.open(name).convert("RGB").convert("L"), dtype=float) / 255
    files[name] = np.round(values, 6).tolist()


save("grey.jpg", Image.fromarray(grey), quality=95)
save("colour.jpg", Image.fromarray(colour), quality=95)
save("progressive.jpg", Image.fromarray(colour), quality=90, progressive=True)
save("cmyk.jpg", Image.fromarray(cmyk, mode="CMYK"), quality=95)
save("grey.png", Image.fromarray(grey))
save("colour.png", Image.fromarray(colour))
save("palette.png", Image.fromarray(colour).quantize(7))
save("bits.png", Image.fromarray(grey > 120))
save("deep.png", Image.fromarray(grey.astype(np.uint16) * 257 + 3), (grey * 257.0 + 3) / 65535)
on_white = Image.new("RGBA", (W, H), "white")
seen = Image.fromarray(np.dstack([colour, alpha]))
save("alpha.png", seen, np.asarray(Image.alpha_composite(on_white, seen).convert("RGB").convert("L")) / 255)
other = Image.fromarray(255 - grey)
save("animated.png", Image.fromarray(grey), grey / 255, save_all=True, append_images=[other])
save("grey.pgm", Image.fromarray(grey))
save("colour.ppm", Image.fromarray(colour))
save("bits.pbm", Image.fromarray(grey > 120))
with open("grey.json", "w") as out:
    json.dump(files, out, separators=(",", ":"))
    out.write("\n")
