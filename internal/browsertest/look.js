// Looks at the page as a reader does, and returns what is wrong with it, a line for each fault. lines selects
// the lines of pictures that may cross no word.
(lines => {
	const faults = new Set()
	const wide = document.documentElement.clientWidth
	const style = element => getComputedStyle(element)
	const fault = (what, element) => faults.add(`${what}: ${element.textContent.trim().slice(0, 40) || element.outerHTML.slice(0, 60)}`)
	const ownText = element => [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())
	const seen = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true})

	// rgba are the parts of a colour that may be written in any way.
	const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
	const known = new Map() // to read a pixel takes longer than all the rest
	const rgba = colour => {
		if (!known.has(colour)) {
			pen.clearRect(0, 0, 1, 1)
			pen.fillStyle = colour
			pen.fillRect(0, 0, 1, 1)
			known.set(colour, [...pen.getImageData(0, 0, 1, 1).data])
		}
		return known.get(colour)
	}
	const luminance = ([r, g, b]) => {
		const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
		return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
	}
	const contrast = (a, b) => {
		const [dark, light] = [luminance(a), luminance(b)].sort((p, q) => p - q)
		return (light + 0.05) / (dark + 0.05)
	}
	const paper = element => {
		for (let e = element; e; e = e.parentElement) {
			const colour = rgba(style(e).backgroundColor)
			if (colour[3] === 255) return colour
		}
		return rgba(style(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff")
	}

	for (const element of document.body.querySelectorAll("*")) {
		if (!seen(element) || element.closest("title, desc, defs, style, script, clipPath, option")) continue
		const box = element.getBoundingClientRect()
		if (box.width && (box.right > wide + 1 || box.left < -1)) fault("outside", element)
		if (!element.closest("svg")) {
			const {overflowX, overflowY} = style(element)
			const wider = element.clientWidth && element.scrollWidth > element.clientWidth + 1
			if (wider && overflowX !== "visible") fault("cut off", element)
			if (wider && ownText(element)) fault("overflows", element)
			const higher = element.clientHeight && element.scrollHeight > element.clientHeight + 1
			if (higher && overflowY !== "visible") fault("cut off below", element)
		}
		if (ownText(element) && !element.closest(":disabled, select")) {
			const colour = rgba(element.closest("svg") ? style(element).fill : style(element).color)
			if (contrast(colour, paper(element)) < 4.5) fault("pale", element)
		}
	}

	for (const picture of document.querySelectorAll("svg")) {
		if (!seen(picture)) continue
		const edge = picture.getBoundingClientRect()
		const words = [...picture.querySelectorAll("text")].filter(seen).map(element => ({element, box: element.getBoundingClientRect()}))
		words.forEach(({element, box}, i) => {
			if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.bottom > edge.bottom + 2) fault("leaves the picture", element)
			if (parseFloat(style(element).fontSize) * element.getScreenCTM().a < 10) fault("too small", element)
			for (const other of words.slice(0, i)) {
				const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left)
				const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top)
				if (across > 1 && down > 3) fault(`meets ${other.element.textContent}`, element)
			}
		})
		for (const line of lines ? picture.querySelectorAll(lines) : []) {
			const length = line.getTotalLength(), place = line.getScreenCTM()
			for (let at = 0; at <= length; at += 3) {
				const {x, y} = line.getPointAtLength(at).matrixTransform(place)
				if (y < edge.top || y > edge.bottom) continue // clipped there
				for (const {element, box} of words) {
					if (x > box.left && x < box.right && y > box.top && y < box.bottom) fault("crossed by a line", element)
				}
			}
		}
	}
	return [...faults].slice(0, 30).join("\n")
})
